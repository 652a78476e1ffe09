namespace ChunkSync.Tool;

/// <summary>How a row differs.</summary>
internal enum RowDifferenceKind
{
    /// <summary>Both have it, with other values.</summary>
    Changed,

    /// <summary>Only the first database has it.</summary>
    Missing,

    /// <summary>Only the second database has it.</summary>
    Extra,
}
