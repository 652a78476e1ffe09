namespace ChunkSync.Format;

/// <summary>The uncompressed rows of a payload, and the checks of its structure, which need nothing but its bytes: the header, the sizes,
/// the checksum, the LZ4 block. What is wrong comes back as a value.</summary>
internal readonly unsafe struct PayloadBody
{
    /// <summary>An LZ4 block grows at most by this factor, plus <see cref="ExpansionSlack"/>: no memory is taken that the payload's own
    /// length does not justify.</summary>
    private const long MaxExpansion = 255;
    private const long ExpansionSlack = 64;

    /// <summary>The fewest bytes that a row takes: values of one byte.</summary>
    private const long MinRow = ChangeRowCodec.Columns;

    private PayloadBody(byte* data, long length)
    {
        Data = data;
        Length = length;
    }

    /// <summary>The first row: in the payload itself, or in the allocator's memory.</summary>
    public byte* Data { get; }

    /// <summary>The length in bytes.</summary>
    public long Length { get; }

    /// <summary>Reads a header and checks it against the payload's length.</summary>
    /// <param name="bytes">The payload's first bytes, up to <see cref="ContainerHeader.Length"/>.</param>
    /// <param name="length">The payload's whole length.</param>
    /// <param name="header">The header; empty when there is none.</param>
    public static PayloadDefects ReadHeader(ReadOnlySpan<byte> bytes, long length, out ContainerHeader header)
    {
        header = default;
        if (length < ContainerHeader.Length || bytes.Length < ContainerHeader.Length)
        {
            return PayloadDefects.TooShort;
        }

        header = ContainerHeader.Read(bytes);
        bool isKnown = header.Version is >= ContainerHeader.LegacyVersion and <= ContainerHeader.FragmentVersion;
        return (header.HasMagic ? 0 : PayloadDefects.NoSignature)
            | (isKnown ? 0 : PayloadDefects.UnknownVersion)
            | (header.Columns != 0 ? 0 : PayloadDefects.NoColumns)
            | (header.Columns == ChangeRowCodec.Columns ? 0 : PayloadDefects.OtherColumns)
            | (CanExpand(header, length - ContainerHeader.Length) ? 0 : PayloadDefects.ExpandedSize)
            | (MinRow * header.Rows <= SizeOf(header, length) ? 0 : PayloadDefects.Rows);
    }

    /// <summary>The length that the body of a payload has.</summary>
    public static long SizeOf(in ContainerHeader header, long length) =>
        header.ExpandedSize != 0 ? header.ExpandedSize : length - ContainerHeader.Length;

    /// <summary>Whether the stored body is the one that the header was made for; payloads of version 1 have no checksum.</summary>
    public static bool IsSound(in ContainerHeader header, byte* payload, long length) =>
        header.Version == ContainerHeader.LegacyVersion
        || ContainerHeader.Low48(Fnv1a64.Of(payload + ContainerHeader.Length, length - ContainerHeader.Length)) == header.Checksum;

    /// <summary>Gives the body of a payload.</summary>
    /// <param name="header">Its header, from <see cref="ReadHeader"/>.</param>
    /// <param name="payload">The payload, which stays in place.</param>
    /// <param name="length">Its length.</param>
    /// <param name="verify">Whether the checksum is looked at.</param>
    /// <param name="memory">Where a compressed body goes.</param>
    /// <param name="body">The body.</param>
    /// <returns>The first defect that was found: of the checksum, the size or the block.</returns>
    public static PayloadDefects Open(
        in ContainerHeader header, byte* payload, long length, bool verify, IByteAllocator memory, out PayloadBody body)
    {
        byte* stored = payload + ContainerHeader.Length;
        long storedLength = length - ContainerHeader.Length;
        body = new PayloadBody(stored, storedLength);
        if (verify && !IsSound(header, payload, length))
        {
            return PayloadDefects.Checksum;
        }

        if (header.ExpandedSize == 0)
        {
            return PayloadDefects.None;
        }

        if (!CanExpand(header, storedLength))
        {
            return PayloadDefects.ExpandedSize;
        }

        int size = (int)header.ExpandedSize;
        body = new PayloadBody(memory.Allocate(size), size);
        return Lz4.Decompress(stored, (int)storedLength, body.Data, size) == size ? PayloadDefects.None : PayloadDefects.Block;
    }

    private static bool CanExpand(in ContainerHeader header, long storedLength) =>
        header.ExpandedSize == 0 || (header.ExpandedSize <= PayloadContainer.MaxBody && storedLength <= int.MaxValue
            && header.ExpandedSize <= (MaxExpansion * storedLength) + ExpansionSlack);
}
