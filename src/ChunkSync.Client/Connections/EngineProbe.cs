using SQLitePCL;

namespace ChunkSync.Client;

/// <summary>Whether the engine is on a connection, in whatever way it came.</summary>
internal static class EngineProbe
{
    /// <summary>Prepares a statement that looks the function up and reads no schema; it is never run.</summary>
    public static bool IsThere(sqlite3 handle)
    {
        int code = raw.sqlite3_prepare_v2(handle, "VACUUM INTO chunksync_version()", out sqlite3_stmt statement);
        statement?.Dispose();
        return code == raw.SQLITE_OK;
    }
}
