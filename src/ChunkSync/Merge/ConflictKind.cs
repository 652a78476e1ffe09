namespace ChunkSync.Merge;

/// <summary>What became of a value that lost.</summary>
internal enum ConflictKind
{
    /// <summary>A value that was written here gave way to a received one.</summary>
    Overwritten,

    /// <summary>A received value gave way to one that was written here.</summary>
    Ignored,

    /// <summary>A column that was written here went with its row.</summary>
    Deleted,

    /// <summary>A received value was stored as another one: the column's affinity changed it.</summary>
    Converted,

    /// <summary>A trigger of the user's left the row as it was, with RAISE(IGNORE).</summary>
    Trigger,
}
