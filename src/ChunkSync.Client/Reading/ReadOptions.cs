namespace ChunkSync.Client;

/// <summary>How chunks are read.</summary>
public sealed record ReadOptions
{
    private const int LeastChunkSize = 262_144;
    private const int LargestChunkSize = 33_554_432;

    /// <summary>The defaults.</summary>
    public static ReadOptions Default { get; } = new();

    /// <summary>The size of a chunk in bytes before compression, from 262,144 to 33,554,432; null for the bookmark's, or for the database's
    /// setting <c>payload_max_chunk_size</c>. Inside a long value the size must be the one that the value was cut with.</summary>
    /// <exception cref="ArgumentOutOfRangeException">It is less or more.</exception>
    public int? MaxChunkSize
    {
        get;
        init
        {
            field = value is null or (>= LeastChunkSize and <= LargestChunkSize) ? value
                : throw new ArgumentOutOfRangeException(nameof(MaxChunkSize), value, "a chunk has from 262,144 to 33,554,432 bytes before compression");
        }
    }

    /// <summary>Reads each chunk on the thread pool. The connection is used by one thread at a time all the same.</summary>
    public bool Offload { get; init; }

    /// <summary>Gets the progress, at most ten times a second and once at the end.</summary>
    public IProgress<SyncProgress>? Progress { get; init; }

    /// <summary>A plan of the same window: progress knows the totals then.</summary>
    public SendPlan? Plan { get; init; }
}
