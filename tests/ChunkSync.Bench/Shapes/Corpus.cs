using System.Runtime.InteropServices;

namespace ChunkSync.Bench.Shapes;

/// <summary>Text to write: 64 MiB of words in a fixed pseudo-random order, which LZ4 makes about half as long. In native memory,
/// so that it can be bound without a copy.</summary>
internal static unsafe class Corpus
{
    public const int Length = 64 << 20;

    private static readonly byte* Text = Make();

    /// <summary>The address of <paramref name="length"/> bytes that differ from row to row.</summary>
    public static byte* Slice(int row, int length) => Text + ((long)row * 104_729 * 64 % (Length - length + 1));

    /// <summary>The key of a row: <c>k</c> and eight digits, at <paramref name="buffer"/>.</summary>
    public static void Key(int row, byte* buffer)
    {
        buffer[0] = (byte)'k';
        for (int i = 8; i > 0; i--)
        {
            buffer[i] = (byte)('0' + (row % 10));
            row /= 10;
        }
    }

    /// <summary>Memory for the key and one short text of the row that is being bound.</summary>
    public static byte* Scratch { get; } = (byte*)NativeMemory.Alloc(64);

    private static byte* Make()
    {
        byte* text = (byte*)NativeMemory.Alloc(Length);
        Random random = new(20_261_121);
        byte[][] words = new byte[4096][];
        for (int i = 0; i < words.Length; i++)
        {
            words[i] = new byte[3 + random.Next(8)];
            for (int j = 0; j < words[i].Length - 1; j++)
            {
                words[i][j] = (byte)('a' + random.Next(26));
            }

            words[i][^1] = (byte)' ';
        }

        int at = 0;
        while (at < Length)
        {
            byte[] word = words[random.Next(words.Length)];
            int count = Math.Min(word.Length, Length - at);
            word.AsSpan(0, count).CopyTo(new Span<byte>(text + at, count));
            at += count;
        }

        return text;
    }
}
