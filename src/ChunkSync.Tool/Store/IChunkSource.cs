namespace ChunkSync.Tool;

/// <summary>Where chunks come from.</summary>
internal interface IChunkSource : IDisposable
{
    /// <summary>The bytes of all payloads; null where that is not known before they are read.</summary>
    long? TotalBytes { get; }

    /// <summary>Reads them, one at a time.</summary>
    /// <param name="cancellation">Ends it.</param>
    /// <exception cref="ToolException">They cannot be read, or are not what they should be.</exception>
    IAsyncEnumerable<SourceChunk> ReadAsync(CancellationToken cancellation);
}
