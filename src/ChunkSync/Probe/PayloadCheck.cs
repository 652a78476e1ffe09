using ChunkSync.Format;
using ChunkSync.Sqlite;

namespace ChunkSync.Probe;

/// <summary>The structural checks of a stored payload, which need no database: first those of its header, then, when it is opened, those of
/// its body.</summary>
internal static unsafe class PayloadCheck
{
    /// <summary>An LZ4 block grows at most by this factor, plus <see cref="ExpansionSlack"/>.</summary>
    private const long MaxExpansion = 255;
    private const long ExpansionSlack = 64;

    /// <summary>The fewest bytes that a row takes: nine values of one byte.</summary>
    private const long MinRow = ContainerHeader.ChangeColumns;

    /// <summary>Reads and checks a header.</summary>
    /// <param name="bytes">The payload's first bytes, up to 32.</param>
    /// <param name="length">The payload's whole length.</param>
    /// <exception cref="DamagedChunkException">It cannot be the header of such a payload.</exception>
    public static ContainerHeader ReadHeader(ReadOnlySpan<byte> bytes, long length)
    {
        if (length < ContainerHeader.Length || bytes.Length < ContainerHeader.Length)
        {
            throw new DamagedChunkException($"not a payload ({length} bytes, a header has {ContainerHeader.Length})");
        }

        ContainerHeader header = ContainerHeader.Read(bytes);
        if (!header.HasMagic)
        {
            throw new DamagedChunkException("not a payload (no CLSY signature)");
        }

        if (header.Version is < ContainerHeader.LegacyVersion or > ContainerHeader.FragmentVersion)
        {
            throw new DamagedChunkException($"unsupported payload version {header.Version}");
        }

        if (header.Columns != ContainerHeader.ChangeColumns)
        {
            throw new DamagedChunkException($"{header.Columns} values per row instead of {ContainerHeader.ChangeColumns}");
        }

        long stored = length - ContainerHeader.Length;
        if (header.ExpandedSize > PayloadContainer.MaxBody || header.ExpandedSize > (MaxExpansion * stored) + ExpansionSlack)
        {
            throw new DamagedChunkException($"declared expanded size {header.ExpandedSize} is inconsistent with {stored} stored bytes");
        }

        long size = SizeOfBody(header, length);
        return MinRow * header.Rows <= size ? header : throw new DamagedChunkException($"{header.Rows} rows do not fit {size} bytes");
    }

    /// <summary>The length of the uncompressed body.</summary>
    public static long SizeOfBody(in ContainerHeader header, long length) =>
        header.ExpandedSize != 0 ? header.ExpandedSize : length - ContainerHeader.Length;

    /// <summary>Checks a body's length before memory is taken for it, or for the payload that it is in.</summary>
    /// <exception cref="DamagedChunkException">It is longer than is allowed.</exception>
    public static void Limit(long size, long maxExpanded)
    {
        if (size > maxExpanded)
        {
            throw new DamagedChunkException($"expands to {size} bytes, more than max_expanded_size {maxExpanded}");
        }
    }

    /// <summary>Checks the checksum, which version 1 does not have.</summary>
    /// <exception cref="DamagedChunkException">It is wrong.</exception>
    public static void Checksum(in ContainerHeader header, byte* payload, long length)
    {
        ulong found = ContainerHeader.Low48(Fnv1a64.Of(payload + ContainerHeader.Length, length - ContainerHeader.Length));
        if (header.Version != ContainerHeader.LegacyVersion && found != header.Checksum)
        {
            throw WrongChecksum();
        }
    }

    /// <summary>The error of a body that is not the one its checksum was made of.</summary>
    public static DamagedChunkException WrongChecksum() => new("invalid checksum");

    /// <summary>Gives the body of a payload whose header was checked.</summary>
    /// <param name="header">The header.</param>
    /// <param name="payload">The payload, which stays in place.</param>
    /// <param name="length">Its length.</param>
    /// <param name="verify">Whether the checksum is looked at.</param>
    /// <param name="maxExpanded">The longest body that memory is taken for.</param>
    /// <param name="expanded">Where a compressed body is uncompressed to.</param>
    /// <param name="size">The body's length.</param>
    /// <returns>The body: in the payload itself, or in <paramref name="expanded"/>.</returns>
    /// <exception cref="DamagedChunkException">The body is damaged or too long.</exception>
    public static byte* Open(
        in ContainerHeader header, byte* payload, long length, bool verify, long maxExpanded, NativeBuffer expanded, out long size)
    {
        size = SizeOfBody(header, length);
        Limit(size, maxExpanded);
        if (verify)
        {
            Checksum(header, payload, length);
        }

        byte* stored = payload + ContainerHeader.Length;
        if (header.ExpandedSize == 0)
        {
            return stored;
        }

        expanded.Clear();
        byte* target = expanded.Reserve(size);
        long storedLength = length - ContainerHeader.Length;
        if (storedLength > int.MaxValue || Lz4.Decompress(stored, (int)storedLength, target, (int)size) != size)
        {
            throw new DamagedChunkException("unable to decompress");
        }

        return target;
    }
}
