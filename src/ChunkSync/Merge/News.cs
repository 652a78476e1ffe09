namespace ChunkSync.Merge;

/// <summary>A received change that won, and that is not here already in another form.</summary>
/// <param name="Column">The value column; -1 where the row itself tells: a deletion, a block of a text.</param>
/// <param name="ColumnVersion">The version of the column.</param>
/// <param name="CausalLength">The row's causal length; 0 for no change at all.</param>
internal readonly record struct News(int Column, long ColumnVersion, long CausalLength)
{
    /// <summary>Whether there is one.</summary>
    public bool Any => CausalLength != 0;
}
