using System.Buffers.Binary;

namespace ChunkSync.Format;

/// <summary>The 32 bytes in front of a payload's body (format A.1), all numbers big-endian:
/// <code>
///  0  4  magic "CLSY"
///  4  1  version: 1 legacy, 2 change rows, 3 fragment rows
///  5  3  version of the writer
///  8  4  length of the body after LZ4 decompression; 0 = stored as it is
/// 12  2  values per row
/// 14  4  rows
/// 18  8  schema hash of the writer
/// 26  6  low 48 bits of FNV64 over the body as stored
/// </code></summary>
internal struct ContainerHeader
{
    public const int Length = 32;
    public const uint Magic = 0x434C5359;
    public const byte LegacyVersion = 1;
    public const byte RowsVersion = 2;
    public const byte FragmentVersion = 3;

    public bool HasMagic;
    public byte Version;
    public uint ExpandedSize;
    public ushort Columns;
    public uint Rows;
    public ulong SchemaHash;
    public ulong Checksum;

    /// <summary>The low 48 bits, which is what a header stores of a checksum.</summary>
    public static ulong Low48(ulong hash) => hash & 0xFFFF_FFFF_FFFF;

    /// <summary>Reads a header; <paramref name="bytes"/> has at least <see cref="Length"/> bytes.</summary>
    public static ContainerHeader Read(ReadOnlySpan<byte> bytes) => new()
    {
        HasMagic = BinaryPrimitives.ReadUInt32BigEndian(bytes) == Magic,
        Version = bytes[4],
        ExpandedSize = BinaryPrimitives.ReadUInt32BigEndian(bytes[8..]),
        Columns = BinaryPrimitives.ReadUInt16BigEndian(bytes[12..]),
        Rows = BinaryPrimitives.ReadUInt32BigEndian(bytes[14..]),
        SchemaHash = BinaryPrimitives.ReadUInt64BigEndian(bytes[18..]),
        Checksum = ((ulong)BinaryPrimitives.ReadUInt16BigEndian(bytes[26..]) << 32) | BinaryPrimitives.ReadUInt32BigEndian(bytes[28..]),
    };

    /// <summary>Writes the header into <see cref="Length"/> bytes.</summary>
    public readonly void Write(Span<byte> bytes)
    {
        BinaryPrimitives.WriteUInt32BigEndian(bytes, Magic);
        BinaryPrimitives.WriteUInt32BigEndian(bytes[4..], ((uint)Version << 24) | ProductInfo.CompatibilityNumber);
        BinaryPrimitives.WriteUInt32BigEndian(bytes[8..], ExpandedSize);
        BinaryPrimitives.WriteUInt16BigEndian(bytes[12..], Columns);
        BinaryPrimitives.WriteUInt32BigEndian(bytes[14..], Rows);
        BinaryPrimitives.WriteUInt64BigEndian(bytes[18..], SchemaHash);
        BinaryPrimitives.WriteUInt16BigEndian(bytes[26..], (ushort)(Checksum >> 32));
        BinaryPrimitives.WriteUInt32BigEndian(bytes[28..], (uint)Checksum);
    }
}
