namespace ChunkSync.Catalog;

/// <summary>The settings of a table, column <c>*</c> of <c>cloudsync_table_settings</c>; null for one that is not stored.</summary>
/// <param name="Algorithm">The CRDT.</param>
/// <param name="Filter">The row filter.</param>
/// <param name="Examined">The mark <see cref="TableMarks.Examined"/>.</param>
/// <param name="Uncaptured">The mark <see cref="TableMarks.Uncaptured"/>.</param>
/// <param name="IsWhole">Whether there is the mark <see cref="TableMarks.Whole"/>.</param>
internal readonly record struct TableSettings(CrdtAlgorithm Algorithm, string? Filter, string? Examined, string? Uncaptured, bool IsWhole)
{
    /// <summary>Whether the CRDT is stored, which <c>cloudsync_init</c> does.</summary>
    public bool IsTracked { get; init; }

    /// <summary>Whether there is the mark <see cref="TableMarks.Pending"/>.</summary>
    public bool HasPendingRows { get; init; }

    /// <summary>Whether that mark's value is another than <see cref="TableMarks.RowsPending"/>.</summary>
    public bool HasPendingColumns { get; init; }
}
