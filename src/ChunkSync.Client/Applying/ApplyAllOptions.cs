namespace ChunkSync.Client;

/// <summary>How many payloads are applied.</summary>
public sealed record ApplyAllOptions
{
    /// <summary>The defaults.</summary>
    public static ApplyAllOptions Default { get; } = new();

    /// <summary>All payloads in one transaction, with foreign keys checked at its end: all or nothing. Otherwise each is one of its own, and those before a failure
    /// stay. Not inside a transaction of yours: there they are one in any case.</summary>
    public bool OneTransaction { get; init; }

    /// <summary>As <see cref="ApplyOptions.MoveCheckpoint"/>.</summary>
    public bool MoveCheckpoint { get; init; } = true;

    /// <summary>The length of all payloads together, where it is known: progress has a total then.</summary>
    public long? TotalBytes { get; init; }

    /// <summary>Gets the progress, at most ten times a second and once at the end; only what is committed counts, or, inside a transaction of
    /// yours, what is applied in it.</summary>
    public IProgress<SyncProgress>? Progress { get; init; }
}
