namespace ChunkSync.Client;

/// <summary>How a table is tracked.</summary>
public sealed record TrackOptions
{
    /// <summary>The defaults.</summary>
    public static TrackOptions Default { get; } = new();

    /// <summary>The CRDT.</summary>
    public TrackAlgorithm Algorithm { get; init; }

    /// <summary>Takes a single INTEGER key: two devices give the same number to two rows, unless numbers are handed out globally.</summary>
    public bool AllowIntegerKey { get; init; }

    /// <summary>Takes NOT NULL columns without a DEFAULT: a row that arrives in pieces waits for all of them.</summary>
    public bool AllowNotNull { get; init; }

    /// <summary>Takes key columns with another collation than BINARY.</summary>
    public bool AllowCollation { get; init; }

    internal string Name => Algorithm switch
    {
        TrackAlgorithm.CausalLength => "cls",
        TrackAlgorithm.GrowOnly => "gos",
        _ => throw new InvalidOperationException($"there is no algorithm {(int)Algorithm}"),
    };

    internal long Flags => (AllowIntegerKey ? 1 : 0) | (AllowNotNull ? 2 : 0) | (AllowCollation ? 4 : 0);
}
