namespace ChunkSync.Frontier;

/// <summary>What a fold did.</summary>
internal struct FoldResult
{
    /// <summary>Operations that came or went.</summary>
    public long Folded;

    /// <summary>Rows of the log that the rewind read.</summary>
    public long Scanned;

    /// <summary>Rows of the log that were written or deleted.</summary>
    public long Written;

    /// <summary>Nodes whose place is another.</summary>
    public long Moved;

    /// <summary>Operations behind a jump of the clock that is not believed.</summary>
    public long Held;

    /// <summary>Operations that never count.</summary>
    public long Void;
}
