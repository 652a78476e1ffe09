namespace ChunkSync.Probe;

/// <summary>The bytes of a payload's index:
/// <code>
///  0  4  "CLSI"
///  4  1  version 01
///  5  1  level
///  6  2  00 00
///  8  8  length of the payload, big-endian
/// 16 32  the payload's header
/// 48     blocks: type (1 byte), length (4 bytes, big-endian), data; unknown types are skipped; a payload without rows has none
///          1  smallest and largest position: db_version, seq, db_version, seq, 8 bytes each, big-endian
///          2  distinct folded table names, ascending BLOBs of format A.4; left out over 1,024 bytes
///          3  distinct site ids, likewise
///          4  level 2: distinct entity hashes, ascending, 5 bytes each, big-endian
///          5  level 3: the first and the last entity of a run, as values of format A.4: tbl TEXT, pk BLOB, tbl TEXT, pk BLOB; of the first
///             at most 64 bytes of each (a cut tbl has an empty pk), the last as NULL, NULL where it is longer
///  …  8  FNV64 of all before, big-endian
/// </code></summary>
internal static class PayloadIndexFormat
{
    public const int HeaderLength = 48;
    public const int ChecksumLength = 8;
    public const int BlockHeaderLength = 5;
    public const int PayloadLengthAt = 8;
    public const int PayloadHeaderAt = 16;
    public const int LevelAt = 5;
    public const byte Version = 1;
    public const byte Positions = 1;
    public const byte Tables = 2;
    public const byte Sites = 3;
    public const byte Entities = 4;
    public const byte Keys = 5;

    /// <summary>The longest name or pk that the block of first and last entity holds.</summary>
    public const int MaxKey = 64;

    /// <summary>Bytes of a block of positions.</summary>
    public const int PositionsLength = 32;

    /// <summary>The longest list of names that an index takes.</summary>
    public const int MaxNames = 1024;

    public static ReadOnlySpan<byte> Magic => "CLSI"u8;
}
