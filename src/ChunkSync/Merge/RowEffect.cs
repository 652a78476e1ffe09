namespace ChunkSync.Merge;

/// <summary>What a merge did to a row of a table.</summary>
internal enum RowEffect
{
    /// <summary>It made the row.</summary>
    Insert,

    /// <summary>It changed columns of the row.</summary>
    Update,

    /// <summary>It deleted the row.</summary>
    Delete,
}
