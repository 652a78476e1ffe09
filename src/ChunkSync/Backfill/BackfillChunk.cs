namespace ChunkSync.Backfill;

/// <summary>One chunk as a strategy found it: where it ends, and what is in it.</summary>
/// <param name="Upper">The cut that ends it; null at the end of the plan. The receiver disposes it.</param>
/// <param name="Rows">Its rows.</param>
/// <param name="Bytes">Their weight; null where it was not asked for.</param>
/// <param name="Strategy">How the upper cut was found.</param>
internal readonly record struct BackfillChunk(Cut? Upper, long Rows, long? Bytes, string Strategy)
{
    /// <summary>The strategy of a chunk without an upper cut.</summary>
    public const string Open = "open";

    /// <summary>A boundary where the rows are as many as they should be.</summary>
    public const string Quantile = "quantile";

    /// <summary>A boundary that closes a group of equal leading values.</summary>
    public const string Group = "group";
}
