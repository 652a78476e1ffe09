namespace ChunkSync.Client;

/// <summary>How chunks are read.</summary>
public sealed record ReadOptions
{
    /// <summary>The defaults.</summary>
    public static ReadOptions Default { get; } = new();

    /// <summary>The size of a chunk in bytes before compression, kept between 262,144 and 33,554,432; null for the bookmark's, or for the database's
    /// setting <c>payload_max_chunk_size</c>. Inside a long value the size must be the one that the value was cut with.</summary>
    /// <exception cref="ArgumentOutOfRangeException">It is negative.</exception>
    public int? MaxChunkSize
    {
        get;
        init
        {
            ArgumentOutOfRangeException.ThrowIfNegative(value ?? 0, nameof(MaxChunkSize));
            field = value;
        }
    }

    /// <summary>Reads each chunk on the thread pool. The connection is used by one thread at a time all the same.</summary>
    public bool Offload { get; init; }

    /// <summary>Gets the progress, at most ten times a second and once at the end.</summary>
    public IProgress<SyncProgress>? Progress { get; init; }

    /// <summary>A plan of the same window: progress knows the totals then.</summary>
    public SendPlan? Plan { get; init; }
}
