using System.Runtime.InteropServices;
using ChunkSync.Format;
using ChunkSync.Samples.MainJob;

namespace ChunkSync.Bench.Worker;

/// <summary>The two LZ4 codecs alone, on blocks of the documentation's text.</summary>
internal static unsafe class Codecs
{
    /// <summary>What a worker gets in place of an extension, to work with liblz4.</summary>
    public const string Native = "codec:liblz4";

    /// <summary>What a worker gets in place of an extension, to work with the managed codec.</summary>
    public const string Managed = "codec:managed";

    private static readonly Lazy<(nint Data, long Length)> Text = new(Load);

    /// <summary>Compresses or decompresses all blocks: once to be warm, then once that is measured.</summary>
    /// <param name="request">The request; the chunk size is the block size.</param>
    /// <param name="codec">Which of the two.</param>
    public static Measurement Run(Request request, string? codec)
    {
        bool isNative = codec == Native;
        int size = (int)request.ChunkSize;
        int blocks = (int)((Text.Value.Length + size - 1) / size);
        byte* stored = (byte*)NativeMemory.Alloc((nuint)((long)blocks * Lz4.Bound(size)));
        byte* back = (byte*)NativeMemory.Alloc((nuint)size);
        int[] lengths = new int[blocks];
        Compress(isNative, size, stored, lengths);
        if (request.Operation == "decompress")
        {
            Decompress(isNative, size, stored, lengths, back);
        }

        Meter meter = new();
        if (request.Operation == "decompress")
        {
            Decompress(isNative, size, stored, lengths, back);
        }
        else
        {
            Compress(isNative, size, stored, lengths);
        }

        Measurement result = meter.Stop() with { Rows = blocks, Bytes = lengths.Sum(length => (long)length) };
        NativeMemory.Free(stored);
        NativeMemory.Free(back);
        return result;
    }

    private static void Compress(bool isNative, int size, byte* stored, int[] lengths)
    {
        int room = Lz4.Bound(size);
        for (int i = 0; i < lengths.Length; i++)
        {
            byte* source = (byte*)Text.Value.Data + ((long)i * size);
            byte* target = stored + ((long)i * room);
            lengths[i] = isNative
                ? Worker.Native.Lz4Compress(source, target, LengthOf(i, size), room)
                : Lz4Compressor.Compress(source, LengthOf(i, size), target, room);
        }
    }

    private static void Decompress(bool isNative, int size, byte* stored, int[] lengths, byte* back)
    {
        int room = Lz4.Bound(size);
        for (int i = 0; i < lengths.Length; i++)
        {
            byte* source = stored + ((long)i * room);
            int length = isNative
                ? Worker.Native.Lz4Decompress(source, back, lengths[i], size)
                : Lz4Decompressor.Decompress(source, lengths[i], back, size);
            if (length != LengthOf(i, size))
            {
                throw new InvalidOperationException($"block {i} does not come back");
            }
        }
    }

    private static int LengthOf(int block, int size) => (int)Math.Min(size, Text.Value.Length - ((long)block * size));

    private static (nint Data, long Length) Load()
    {
        string[] files = DocumentationFiles.Find();
        long length = files.Sum(file => new FileInfo(file).Length);
        byte* data = (byte*)NativeMemory.Alloc((nuint)length);
        long at = 0;
        foreach (byte[] file in files.Select(File.ReadAllBytes))
        {
            file.CopyTo(new Span<byte>(data + at, file.Length));
            at += file.Length;
        }

        return ((nint)data, at);
    }
}
