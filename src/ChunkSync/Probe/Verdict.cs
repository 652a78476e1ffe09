namespace ChunkSync.Probe;

/// <summary>What the facts of a chunk prove about its rows.</summary>
internal enum Verdict
{
    /// <summary>No row is wanted.</summary>
    None,

    /// <summary>Some may be.</summary>
    Some,

    /// <summary>All are.</summary>
    All,
}
