namespace ChunkSync.Sqlite;

/// <summary>A SELECT that stays at its row while a savepoint of ours is open. Before SQLite 3.38 no statement runs any more once memory has run
/// out inside a host's statement, ROLLBACK neither, and a host's <c>SELECT f(…)</c> that reads no table ends without undoing anything. But
/// a statement that reads, and is reset then, makes SQLite roll the transaction back.</summary>
/// <remarks>While it stands, SQLite drops no tables. There is one for a connection: of savepoints inside each other the outermost has
/// it.</remarks>
/// <param name="connection">The connection.</param>
internal sealed class RollbackReader(Connection connection) : IDisposable
{
    private const int FirstWithout = 3_038_000;

    private readonly Statement reader = connection.Prepare("SELECT 1 FROM main.sqlite_master UNION ALL SELECT 1");
    private readonly Statement commit = connection.Prepare("COMMIT");

    /// <summary>Whether this SQLite needs it.</summary>
    public static unsafe bool IsNeeded => Sqlite3.Api->libversion_number() < FirstWithout;

    /// <summary>Prepares what is needed later, when nothing may be prepared any more.</summary>
    public void Prepare()
    {
        _ = reader.Handle;
        _ = commit.Handle;
    }

    /// <summary>Begins to stand.</summary>
    /// <returns>False when it does already, for a savepoint outside.</returns>
    /// <exception cref="EngineException">SQLite's code and text.</exception>
    public bool Stand() => !reader.IsBusy && reader.Step();

    /// <summary>Stops. If memory ran out, the transaction is rolled back by it.</summary>
    public void Stop() => reader.Reset();

    /// <summary>Stops and commits: a checkpoint behind the commit finds no reader.</summary>
    public void Commit()
    {
        Stop();
        commit.Run();
    }

    public void Dispose()
    {
        reader.Dispose();
        commit.Dispose();
    }
}
