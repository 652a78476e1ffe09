using System.Buffers.Binary;
using ChunkSync.Format;
using ChunkSync.Sqlite;

namespace ChunkSync.Backfill;

/// <summary>What stands in front of the cut in a value of column <c>next</c>: which plan, where it is, and its schedule. A checksum is
/// behind the cut.</summary>
/// <param name="Asked">Hash of table, order and inputs.</param>
/// <param name="Schema">Hash of the table's schema.</param>
/// <param name="ChunkIndex">The chunk that ends at the cut.</param>
/// <param name="Rows">The rows of all chunks so far.</param>
/// <param name="Bytes">The bytes of all chunks so far.</param>
/// <param name="Schedule">The even schedule.</param>
/// <param name="State">Another number of the strategy.</param>
/// <param name="Digest">The chain of cuts and row counts so far.</param>
internal sealed record ResumeToken(
    ulong Asked, ulong Schema, long ChunkIndex, long Rows, long Bytes, EvenSchedule Schedule, long State, ulong Digest)
{
    /// <summary>The format's version.</summary>
    public const int Version = 1;

    private const int HeaderSize = 1 + (8 * Numbers);
    private const int Numbers = 9;
    private const int ChecksumSize = 8;

    /// <summary>More rows or bytes than any database has.</summary>
    private const long Largest = 1L << 61;

    /// <summary>Appends the token with its cut.</summary>
    public void Append(NativeBuffer buffer, Cut cut)
    {
        Span<byte> header = stackalloc byte[HeaderSize];
        header[0] = Version;
        Span<long> numbers = [(long)Asked, (long)Schema, ChunkIndex, Rows, Bytes, Schedule.Total, Schedule.Pieces, State, (long)Digest];
        for (int i = 0; i < numbers.Length; i++)
        {
            BinaryPrimitives.WriteInt64BigEndian(header[(1 + (8 * i))..], numbers[i]);
        }

        buffer.Clear();
        buffer.Append(header);
        CutFormat.Append(buffer, cut);
        Span<byte> checksum = stackalloc byte[ChecksumSize];
        BinaryPrimitives.WriteUInt64BigEndian(checksum, Fnv1a64.Of(buffer.Bytes));
        buffer.Append(checksum);
    }

    /// <summary>Reads a token; null for any other bytes.</summary>
    /// <param name="data">The bytes.</param>
    /// <param name="cut">The bytes of the cut.</param>
    public static ResumeToken? TryRead(ReadOnlySpan<byte> data, out ReadOnlySpan<byte> cut)
    {
        cut = default;
        if (data.Length < HeaderSize + ChecksumSize || data[0] != Version
            || BinaryPrimitives.ReadUInt64BigEndian(data[^ChecksumSize..]) != Fnv1a64.Of(data[..^ChecksumSize]))
        {
            return null;
        }

        Span<long> numbers = stackalloc long[Numbers];
        for (int i = 0; i < numbers.Length; i++)
        {
            numbers[i] = BinaryPrimitives.ReadInt64BigEndian(data[(1 + (8 * i))..]);
        }

        cut = data[HeaderSize..^ChecksumSize];
        for (int i = 2; i <= 7; i++)
        {
            if (numbers[i] is < 0 or > Largest)
            {
                return null;
            }
        }

        return numbers[6] > numbers[5] ? null
            : new((ulong)numbers[0], (ulong)numbers[1], numbers[2], numbers[3], numbers[4], new(numbers[5], numbers[6]), numbers[7], (ulong)numbers[8]);
    }
}
