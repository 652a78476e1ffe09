using SQLitePCL;

namespace ChunkSync.Client;

/// <summary>ChunkSync on handles of SQLitePCLRaw.</summary>
public static class Sqlite3Extensions
{
    /// <summary>Puts the engine on an open connection.</summary>
    /// <param name="handle">The connection.</param>
    /// <param name="options">How; in process unless they say otherwise.</param>
    /// <returns>The same handle.</returns>
    /// <exception cref="ChunkSyncException">It cannot be loaded; the message says why.</exception>
    public static sqlite3 LoadChunkSync(this sqlite3 handle, LoadOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(handle);
        options ??= LoadOptions.Default;
        if (options.UseNativeLibrary)
        {
            NativeAsset.Load(handle, NativeAsset.Find(options.NativeLibraryPath));
        }
        else
        {
            InProcess.Load(handle, options);
        }

        return handle;
    }

    /// <summary>The API on a connection: a view, which owns nothing.</summary>
    /// <param name="handle">The connection; it stays open as long as the view is used.</param>
    public static SyncDatabase ChunkSync(this sqlite3 handle)
    {
        ArgumentNullException.ThrowIfNull(handle);
        return new SyncDatabase(handle);
    }
}
