namespace ChunkSync.Backfill;

/// <summary>What the ranges of a chunk need to know of a cut.</summary>
internal interface ICutShape
{
    /// <summary>The number of leading key values.</summary>
    int Length { get; }

    /// <summary>Whether rows that are equal to the values stay before the cut.</summary>
    bool IsAfter { get; }

    /// <summary>Whether a value is NULL.</summary>
    bool IsNull(int column);
}
