using ChunkSync.Client;
using Microsoft.Data.Sqlite;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Infrastructure;

namespace ChunkSync.EntityFrameworkCore;

/// <summary>ChunkSync on the database of a context.</summary>
public static class ChunkSyncDatabaseExtensions
{
    /// <summary>The API on the connection of a context: a view, which owns nothing. The connection must be open when it is used
    /// (<c>context.Database.OpenConnection()</c>); entities that the context tracks do not hear of what is received.</summary>
    /// <param name="database">The database of a context with <c>UseChunkSync</c>.</param>
    public static SyncDatabase ChunkSync(this DatabaseFacade database)
    {
        ArgumentNullException.ThrowIfNull(database);
        return database.GetDbConnection() is SqliteConnection connection
            ? connection.ChunkSync()
            : throw new InvalidOperationException("ChunkSync works on SQLite: the context needs UseSqlite");
    }
}
