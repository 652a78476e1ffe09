namespace ChunkSync.Probe;

/// <summary>The bytes of a probe set:
/// <code>
/// 0  4  "CLSP"
/// 4  1  version 01
/// 5  1  axes: bit 0 what (tables, entities), bit 1 who (sites), bit 2 where (points, ranges), bit 7 all
/// 6  2  00 00
/// 8     five lists, each a count (INTEGER of format A.4) and its items (values of format A.4):
///         tables (TEXT, folded); entities (TEXT folded, BLOB); sites (BLOB); points (two INTEGERs); ranges (four INTEGERs)
/// …  8  FNV64 of all before, big-endian
/// </code>
/// Lists ascend by bytes or by position, without repeats. Entities of a listed table are left out, ranges that overlap or touch are one, points
/// inside a range are left out: the bytes are a function of what the set means.</summary>
internal static class ProbeSetFormat
{
    public const int HeaderLength = 8;
    public const int ChecksumLength = 8;
    public const byte Version = 1;
    public const byte What = 1;
    public const byte Who = 2;
    public const byte Where = 4;
    public const byte All = 0x80;

    public static ReadOnlySpan<byte> Magic => "CLSP"u8;
}
