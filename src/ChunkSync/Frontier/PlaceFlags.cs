namespace ChunkSync.Frontier;

/// <summary>What a fold knows of a node beside its place.</summary>
[Flags]
internal enum PlaceFlags
{
    /// <summary>Nothing.</summary>
    None = 0,

    /// <summary>An operation has named it as a parent.</summary>
    WasParent = 1,

    /// <summary>The rewind has put it where it was.</summary>
    Rewound = 2,

    /// <summary>The rewind has an operation of it: it is not passed over.</summary>
    Late = 4,

    /// <summary>Its place may be another than the stored one.</summary>
    Assigned = 8,

    /// <summary>An operation of it was folded.</summary>
    Folded = 16,

    /// <summary>It was stored somewhere else by this fold.</summary>
    Moved = 32,
}
