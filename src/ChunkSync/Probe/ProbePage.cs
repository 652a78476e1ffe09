using ChunkSync.Format;
using ChunkSync.Sqlite;

namespace ChunkSync.Probe;

/// <summary>One output of a probe: a payload and where the next one begins. Two of them take turns, one being read and one that waits for its
/// end to be known.</summary>
internal sealed unsafe class ProbePage : IDisposable
{
    /// <summary>The payload; empty when it is not read.</summary>
    public NativeBuffer Payload { get; } = new();

    /// <summary>Its number, from 0.</summary>
    public long Number { get; set; }

    public long Rows { get; private set; }

    /// <summary>Whether it is a stored payload, byte for byte.</summary>
    public bool IsPassedThrough { get; private set; }

    /// <summary>The next hit: chunk and row; null when there is no cursor.</summary>
    public (long Chunk, long Row)? Next { get; set; }

    public bool IsFinal { get; set; }

    /// <summary>The counters when it was finished.</summary>
    public ProbeCounters Counters { get; set; }

    /// <summary>Entities and points without a match; null but on the final page.</summary>
    public long? Misses { get; set; }

    /// <summary>Makes it a stored payload, which is still to be appended to <see cref="Payload"/> if it is read.</summary>
    public void SetStored(uint rows) => Begin(rows, passedThrough: true);

    /// <summary>Makes it a new payload of staged rows.</summary>
    public void SetStaged(PayloadStaging staging, bool compress, bool needsPayload)
    {
        Begin(staging.Rows, passedThrough: false);
        if (!needsPayload)
        {
            return;
        }

        int length = checked((int)staging.Body.Length);
        byte* target = Payload.Reserve(ContainerHeader.Length + (long)Lz4.Bound(length));
        Payload.Commit(PayloadContainer.Finish(
            target, staging.Body.Data, length, staging.Version, ChangeRowCodec.Columns, checked((uint)staging.Rows),
            staging.SchemaHash, compress));
    }

    public void Dispose() => Payload.Dispose();

    private void Begin(long rows, bool passedThrough)
    {
        Payload.Clear();
        Rows = rows;
        IsPassedThrough = passedThrough;
        Next = null;
        IsFinal = false;
        Misses = null;
    }
}
