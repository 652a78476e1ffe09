namespace ChunkSync.Format;

/// <summary>The type of a decoded wire value.</summary>
internal enum WireKind
{
    Null,
    Integer,
    Real,
    Text,
    Blob,
}
