namespace ChunkSync.Trees;

/// <summary>A row that a fold has to put somewhere else.</summary>
internal struct MovingRow
{
    /// <summary>Its node.</summary>
    public long Node;

    /// <summary>Whether it was refused by an earlier fold and is listed.</summary>
    public bool IsListed;

    /// <summary>Whether it shows its place by now.</summary>
    public bool IsPlaced;
}
