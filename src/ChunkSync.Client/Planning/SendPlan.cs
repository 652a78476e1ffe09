namespace ChunkSync.Client;

/// <summary>What a send of a window would be. No payload was built for it.</summary>
public sealed class SendPlan
{
    internal SendPlan(IReadOnlyList<PlannedChunk> chunks, long rows, long bytes, long watermark)
    {
        Chunks = chunks;
        Rows = rows;
        Bytes = bytes;
        Watermark = watermark;
    }

    /// <summary>The chunks in order.</summary>
    public IReadOnlyList<PlannedChunk> Chunks { get; }

    /// <summary>The number of changes; a part of a long value counts as one.</summary>
    public long Rows { get; }

    /// <summary>The bytes before compression.</summary>
    public long Bytes { get; }

    /// <summary>The last version of the window; 0 where there is nothing to send.</summary>
    public long Watermark { get; }
}
