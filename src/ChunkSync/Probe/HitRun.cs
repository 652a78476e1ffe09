namespace ChunkSync.Probe;

/// <summary>Wanted rows of a chunk that follow each other: 16 bytes.</summary>
internal struct HitRun
{
    /// <summary>The first row's number in the chunk.</summary>
    public uint FirstRow;
    public uint Rows;

    /// <summary>Where the first row begins in the body.</summary>
    public uint Offset;
    public uint Bytes;
}
