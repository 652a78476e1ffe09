namespace ChunkSync.Format;

/// <summary>What is wrong with the structure of a payload. Of its header all that holds is told at once: which comes first is up to those
/// who word it.</summary>
[Flags]
internal enum PayloadDefects
{
    None = 0,

    /// <summary>Shorter than a header; the header's other fields were not looked at.</summary>
    TooShort = 1,

    /// <summary>The magic number is missing.</summary>
    NoSignature = 2,

    /// <summary>An unknown version.</summary>
    UnknownVersion = 4,

    /// <summary>Rows of no values.</summary>
    NoColumns = 8,

    /// <summary>Rows of another number of values than change rows have.</summary>
    OtherColumns = 16,

    /// <summary>The stored bytes cannot expand to the size that the header declares.</summary>
    ExpandedSize = 32,

    /// <summary>The body is too short for the number of rows.</summary>
    Rows = 64,

    /// <summary>The stored body is not the one that the checksum was made of.</summary>
    Checksum = 128,

    /// <summary>The stored body is no LZ4 block of the declared size.</summary>
    Block = 256,
}
