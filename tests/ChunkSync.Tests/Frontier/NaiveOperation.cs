using System.Buffers.Binary;
using System.Numerics;
using System.Text;

namespace ChunkSync.Tests.Frontier;

/// <summary>An operation as the model has it: values are string, long or byte[], a position may be a double; the empty blob is NULL there, and a parent
/// that is the node is the root.</summary>
/// <param name="Lamport">The clock.</param>
/// <param name="Site">16 bytes in hex.</param>
/// <param name="Node">The node.</param>
/// <param name="Parent">The parent.</param>
/// <param name="Position">The position.</param>
internal sealed record NaiveOperation(long Lamport, string Site, object Node, object Parent, object Position) : IComparable<NaiveOperation>
{
    private byte[]? content;

    /// <summary>Node, parent and position in the bytes of a key.</summary>
    public byte[] Content => content ??= [3, .. Encode(Node), .. Encode(Parent), .. Encode(Position)];

    /// <summary>What tells it from others.</summary>
    public string Identity => $"{Lamport}|{Site}|{Convert.ToHexString(Content)}";

    /// <summary>A key's identity.</summary>
    public static string Key(object value) => Convert.ToHexString(Encode(value));

    /// <summary>A value in the bytes of a key (format A.4).</summary>
    public static byte[] Encode(object value)
    {
        switch (value)
        {
            case long.MinValue:
                return [6];
            case long number:
                return [.. Number(number < 0 ? 0 : 1, (ulong)Math.Abs(number))];
            case double real:
                byte[] bytes = new byte[9];
                bytes[0] = (byte)(real < 0 ? 7 : 2);
                BinaryPrimitives.WriteDoubleLittleEndian(bytes.AsSpan(1), real < 0 ? -real : real);
                return bytes;
            case string text:
                byte[] utf8 = Encoding.UTF8.GetBytes(text);
                return [.. Number(3, (ulong)utf8.Length), .. utf8];
            default:
                byte[] blob = (byte[])value;
                return [.. Number(4, (ulong)blob.Length), .. blob];
        }
    }

    public int CompareTo(NaiveOperation? other)
    {
        int order = Lamport.CompareTo(other!.Lamport);
        order = order != 0 ? order : string.CompareOrdinal(Site, other.Site);
        return order != 0 ? order : Content.AsSpan().SequenceCompareTo(other.Content);
    }

    private static byte[] Number(int kind, ulong magnitude)
    {
        int count = Math.Max(1, (64 - BitOperations.LeadingZeroCount(magnitude) + 7) / 8);
        byte[] bytes = new byte[1 + count];
        bytes[0] = (byte)((count << 3) | kind);
        for (int i = 0; i < count; i++)
        {
            bytes[1 + i] = (byte)(magnitude >> (8 * (count - 1 - i)));
        }

        return bytes;
    }
}
