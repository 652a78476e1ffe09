using System.Data.Common;
using System.Runtime.CompilerServices;
using ChunkSync.Client;
using Microsoft.Data.Sqlite;
using Microsoft.EntityFrameworkCore.Diagnostics;

namespace ChunkSync.EntityFrameworkCore;

/// <summary>Loads the engine on every connection that a context uses: before it is opened, or before its first command, when it was handed to the context
/// open.</summary>
internal sealed class LoadInterceptor(LoadOptions load) : DbConnectionInterceptor, IDbCommandInterceptor
{
    /// <summary>What has it: a connection loads it at every open from then on.</summary>
    private readonly ConditionalWeakTable<SqliteConnection, object> loaded = [];

    /// <inheritdoc/>
    public override InterceptionResult ConnectionOpening(DbConnection connection, ConnectionEventData eventData, InterceptionResult result)
    {
        Load(connection);
        return result;
    }

    /// <inheritdoc/>
    public override ValueTask<InterceptionResult> ConnectionOpeningAsync(
        DbConnection connection, ConnectionEventData eventData, InterceptionResult result, CancellationToken cancellationToken = default)
    {
        Load(connection);
        return ValueTask.FromResult(result);
    }

    /// <inheritdoc/>
    public InterceptionResult<DbCommand> CommandCreating(CommandCorrelatedEventData eventData, InterceptionResult<DbCommand> result)
    {
        Load(eventData.Connection);
        return result;
    }

    private void Load(DbConnection connection)
    {
        if (connection is SqliteConnection sqlite && !loaded.TryGetValue(sqlite, out _))
        {
            sqlite.LoadChunkSync(load);
            loaded.AddOrUpdate(sqlite, load);
        }
    }
}
