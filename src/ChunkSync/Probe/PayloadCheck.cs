using ChunkSync.Format;
using ChunkSync.Sqlite;

namespace ChunkSync.Probe;

/// <summary>Words the defects of stored payloads (see <see cref="PayloadBody"/>): first those of a header, then, when the payload is opened,
/// those of its body.</summary>
internal static unsafe class PayloadCheck
{
    /// <summary>Reads and checks a header.</summary>
    /// <param name="bytes">The payload's first bytes, up to 32.</param>
    /// <param name="length">The payload's whole length.</param>
    /// <exception cref="DamagedChunkException">It cannot be the header of such a payload.</exception>
    public static ContainerHeader ReadHeader(ReadOnlySpan<byte> bytes, long length)
    {
        PayloadDefects defects = PayloadBody.ReadHeader(bytes, length, out ContainerHeader header);
        return defects == PayloadDefects.None ? header : throw new DamagedChunkException(Describe(defects, header, length));
    }

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
        if (!PayloadBody.IsSound(header, payload, length))
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
        size = PayloadBody.SizeOf(header, length);
        Limit(size, maxExpanded);
        return PayloadBody.Open(header, payload, length, verify, expanded, out PayloadBody body) switch
        {
            PayloadDefects.None => body.Data,
            PayloadDefects.Checksum => throw WrongChecksum(),
            _ => throw new DamagedChunkException("unable to decompress"),
        };
    }

    private static string Describe(PayloadDefects defects, in ContainerHeader header, long length)
    {
        bool Has(PayloadDefects defect) => (defects & defect) != 0;
        long size = PayloadBody.SizeOf(header, length);
        return Has(PayloadDefects.TooShort) ? $"not a payload ({length} bytes, a header has {ContainerHeader.Length})"
            : Has(PayloadDefects.NoSignature) ? "not a payload (no CLSY signature)"
            : Has(PayloadDefects.UnknownVersion) ? $"unsupported payload version {header.Version}"
            : Has(PayloadDefects.OtherColumns) ? $"{header.Columns} values per row instead of {ChangeRowCodec.Columns}"
            : Has(PayloadDefects.ExpandedSize)
                ? $"declared expanded size {header.ExpandedSize} is inconsistent with {length - ContainerHeader.Length} stored bytes"
            : $"{header.Rows} rows do not fit {size} bytes";
    }
}
