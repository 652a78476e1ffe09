namespace ChunkSync.Chunks;

/// <summary>What is known of one chunk besides its bytes.</summary>
internal struct Chunk
{
    public long Rows;
    public long DbVersionMin;
    public long DbVersionMax;
    public long Watermark;

    /// <summary>Where the next page begins; behind the last chunk (watermark, 0, 0).</summary>
    public ResumePoint Next;
    public bool IsFinal;
    public bool WindowCapped;

    /// <summary>Uncompressed bytes of all chunks of the window so far, headers included.</summary>
    public long WindowBytes;

    /// <summary>Payload version: rows or a fragment.</summary>
    public byte Version;
}
