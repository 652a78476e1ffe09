namespace ChunkSync.Client;

/// <summary>The inputs of a scan of <c>cloudsync_payload_chunks</c>.</summary>
/// <param name="From">Where it begins.</param>
/// <param name="Until">The window's last version; null for the newest.</param>
/// <param name="Sites">Whose changes.</param>
/// <param name="MaxWindowBytes">The window's limit; 0 for none.</param>
/// <param name="WindowBytes">What the pages before have used of it.</param>
/// <param name="ChunkSize">The size of a chunk; 0 for the database's setting.</param>
internal readonly record struct PageInputs(
    ChunkCursor From, long? Until, ChunkSites Sites, long MaxWindowBytes, long WindowBytes, long ChunkSize)
{
    /// <summary>Those of a window's first page.</summary>
    public static PageInputs Of(ChunkWindow window, ReadOptions options) =>
        new(window.From, window.Until, window.Sites, window.MaxWindowBytes, 0, options.MaxChunkSize ?? 0);

    /// <summary>Those of the page behind a bookmark.</summary>
    public static PageInputs Of(ChunkBookmark bookmark, ReadOptions options) => new(
        bookmark.Cursor, bookmark.Until, bookmark.Sites, bookmark.MaxWindowBytes, bookmark.WindowBytes, options.MaxChunkSize ?? bookmark.ChunkSize);

    /// <summary>Whether nothing can be there: as an input of SQL, 0 would stand for the newest version.</summary>
    public bool IsEmpty => Until == 0;

    /// <summary>Binds all of them.</summary>
    public void Bind(SyncStatement statement)
    {
        // The beginning of a version is the beginning of a window behind the one before: the same seek, and no position to be checked.
        bool isSince = From is { Seq: 0, Offset: 0, DbVersion: > 0 };
        statement.Bind(1, isSince ? From.DbVersion - 1 : null);
        statement.Bind(2, Sites.HasSite ? Sites.Site : null);
        statement.Bind(3, Until);
        statement.Bind(4, Sites.IsExcluded ? 1 : 0);
        statement.Bind(5, isSince ? null : From.DbVersion);
        statement.Bind(6, isSince ? null : From.Seq);
        statement.Bind(7, isSince ? null : From.Offset);
        statement.Bind(8, MaxWindowBytes == 0 ? null : MaxWindowBytes);
        statement.Bind(9, WindowBytes);
        statement.Bind(10, ChunkSize == 0 ? null : ChunkSize);
    }
}
