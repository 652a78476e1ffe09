namespace ChunkSync.Backfill;

/// <summary>What a term of a range asks of its column, in SQL's order (not the index's).</summary>
internal enum RangeTest
{
    Equal,
    IsNull,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,

    /// <summary>All but NULL.</summary>
    NotNull,
}
