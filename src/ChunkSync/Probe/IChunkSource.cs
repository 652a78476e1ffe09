using ChunkSync.Sqlite;

namespace ChunkSync.Probe;

/// <summary>A chain of stored chunks in order of their ordinals, wherever they lie: a table, a list, files, objects in a store. The driver
/// looks at one chunk at a time; what it opens it releases before it goes on.</summary>
internal unsafe interface IChunkSource : IDisposable
{
    /// <summary>The largest ordinal when the scan began; null for an empty chain. Chunks behind it are not part of the scan.</summary>
    long? Last { get; }

    /// <summary>The current chunk's ordinal.</summary>
    long Ordinal { get; }

    /// <summary>The current chunk's index, in place until the source moves; empty when there is none.</summary>
    ReadOnlySpan<byte> Index { get; }

    /// <summary>Whether reading the payload's header costs no more than looking at the chunk. Otherwise the header is taken from the index, and
    /// compared when the chunk is opened.</summary>
    bool HasCheapHeader { get; }

    /// <summary>Goes to the first chunk at or behind an ordinal; false when there is none up to <see cref="Last"/>.</summary>
    /// <exception cref="EngineException">The source cannot be read, or its ordinals are not distinct integers.</exception>
    bool Seek(long ordinal);

    /// <summary>Goes to the chunk behind the current one; false when there is none.</summary>
    /// <inheritdoc cref="Seek"/>
    bool MoveNext();

    /// <summary>Reads the payload's first bytes.</summary>
    /// <param name="header">Room for 32.</param>
    /// <param name="length">The payload's length.</param>
    /// <returns>How many there are.</returns>
    /// <exception cref="DamagedChunkException">There is no payload, or it is not a BLOB.</exception>
    int ReadHeader(Span<byte> header, out long length);

    /// <summary>Gives the whole payload, in place until <see cref="Release"/>.</summary>
    /// <param name="length">Its length.</param>
    /// <exception cref="DamagedChunkException">There is no payload, or it is not a BLOB.</exception>
    byte* Open(out long length);

    /// <summary>Appends the whole payload to a buffer; nothing is open afterwards.</summary>
    /// <exception cref="DamagedChunkException">There is no payload, or it is not a BLOB.</exception>
    void CopyTo(NativeBuffer target);

    /// <summary>Ends what <see cref="Open"/> began; nothing happens when nothing is open.</summary>
    void Release();
}
