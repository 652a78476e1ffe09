namespace ChunkSync.Probe;

/// <summary>What the caller promises about a chain.</summary>
internal enum ChainOrder
{
    /// <summary>Nothing.</summary>
    None,

    /// <summary>No chunk begins at a position before an earlier one ends.</summary>
    Position,

    /// <summary>No chunk begins at an entity before an earlier one ends: the chain is a run.</summary>
    Key,
}
