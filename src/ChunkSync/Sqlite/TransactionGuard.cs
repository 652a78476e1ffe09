namespace ChunkSync.Sqlite;

/// <summary>Ends a transaction that the engine opened inside a call of the host, also where SQLite runs nothing any more: once an
/// allocation of SQLite's has failed, or the host has interrupted, every statement is refused until the host's own has ended, and
/// ROLLBACK with them. The transaction would then stay open behind the call.</summary>
/// <remarks>SQLite itself rolls back when a statement that is under way ends with SQLITE_NOMEM, or one that writes with
/// SQLITE_INTERRUPT. So one that reads is kept under way while the engine writes, and one that writes is kept ready. Then the host's
/// own transaction goes with it, as SQLite's documentation of these codes says.</remarks>
internal sealed class TransactionGuard
{
    private readonly Connection connection;
    private readonly Statement reader;
    private readonly Statement writer;

    public TransactionGuard(Connection connection)
    {
        this.connection = connection;
        reader = connection.Prepare("SELECT 1 FROM main.sqlite_master");
        writer = connection.Prepare("UPDATE main.cloudsync_settings SET value = value WHERE 0");
    }

    /// <summary>Call it before BEGIN or SAVEPOINT.</summary>
    public void Prepare() => _ = writer.Handle;

    /// <summary>Call it behind BEGIN or SAVEPOINT, where a failure is answered with <see cref="RollBack"/>.</summary>
    public void Enter() => reader.Step();

    /// <summary>Call it behind COMMIT or RELEASE, or when SQLite has ended the transaction by itself.</summary>
    public void Leave() => reader.Reset();

    /// <summary>Undoes what was written since <see cref="Enter"/>, and leaves.</summary>
    /// <param name="sql">What does it while SQLite runs statements.</param>
    public void RollBack(string sql)
    {
        reader.Reset();
        if (connection.IsAutocommit)
        {
            return;
        }

        try
        {
            connection.Execute(sql);
        }
        catch (EngineException)
        {
            _ = writer.TryStep();
            writer.Reset();
        }
    }
}
