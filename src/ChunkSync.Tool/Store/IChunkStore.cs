namespace ChunkSync.Tool;

/// <summary>Objects under names, in a folder or in a bucket. Names are segments with slashes between them, as <see cref="StoreNames"/> makes them.</summary>
/// <remarks>All that is asked of a store is that a put is whole or not there, and that who reads behind a put sees it. Nothing rests on a listing being complete, or on
/// conditional writes.</remarks>
internal interface IChunkStore : IDisposable
{
    /// <summary>Where it is, for messages.</summary>
    string Address { get; }

    /// <summary>The store of the names that begin with <paramref name="name"/> and a slash. It shares what this one holds, and need not be disposed of.</summary>
    /// <param name="name">One segment.</param>
    IChunkStore Folder(string name);

    /// <summary>Writes an object, whole or not at all, also when power fails; one that is there is replaced.</summary>
    /// <param name="name">Its name.</param>
    /// <param name="content">Its bytes.</param>
    /// <param name="cancellation">Ends it.</param>
    /// <exception cref="ToolException">It cannot be written.</exception>
    Task PutAsync(string name, ReadOnlyMemory<byte> content, CancellationToken cancellation);

    /// <summary>Reads a range of an object.</summary>
    /// <param name="name">Its name.</param>
    /// <param name="offset">The first byte.</param>
    /// <param name="length">The number of bytes; fewer where the object ends.</param>
    /// <param name="cancellation">Ends it.</param>
    /// <returns>The bytes; null where there is no such object.</returns>
    /// <exception cref="ToolException">It cannot be read.</exception>
    Task<byte[]?> ReadAsync(string name, long offset, int length, CancellationToken cancellation);

    /// <summary>Removes an object; one that is not there is none to remove.</summary>
    /// <param name="name">Its name.</param>
    /// <param name="cancellation">Ends it.</param>
    /// <exception cref="ToolException">It cannot be removed.</exception>
    Task DeleteAsync(string name, CancellationToken cancellation);

    /// <summary>Lists what lies directly in a folder, in no order: objects, and folders with a slash behind their names.</summary>
    /// <param name="folder">The folder; empty for the store's own.</param>
    /// <param name="cancellation">Ends it.</param>
    /// <exception cref="ToolException">It cannot be read.</exception>
    IAsyncEnumerable<string> ListAsync(string folder, CancellationToken cancellation);
}
