namespace ChunkSync.Client;

/// <summary>How a chunk is received.</summary>
public sealed record ReceiveOptions
{
    /// <summary>The defaults.</summary>
    public static ReceiveOptions Default { get; } = new();

    /// <summary>Whether <see cref="ReceiveResult.Applied"/> lists the rows that changed, for those who show them.</summary>
    public bool ListApplied { get; init; }
}
