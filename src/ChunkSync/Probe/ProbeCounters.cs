namespace ChunkSync.Probe;

/// <summary>What a scan has done so far, its look-ahead included.</summary>
internal struct ProbeCounters
{
    /// <summary>Chunks whose facts were looked at; a chunk looked at twice counts twice.</summary>
    public long Seen;

    /// <summary>Chunks whose rows were walked.</summary>
    public long Opened;

    /// <summary>Chunks that went out as they are stored.</summary>
    public long Passed;

    /// <summary>Stored bytes of opened and passed chunks, each once.</summary>
    public long BytesRead;

    /// <summary>Damaged chunks that were left out, or whose index was.</summary>
    public long Damaged;
}
