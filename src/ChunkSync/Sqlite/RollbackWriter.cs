namespace ChunkSync.Sqlite;

/// <summary>A statement that writes, and stands at its row while something makes SQLite prepare all statements anew. When the host interrupts
/// the connection then, nothing can be prepared any more; but this one runs, and SQLite rolls everything back when a statement that writes is
/// interrupted.</summary>
/// <remarks>While it stands SQLite opens and releases no savepoints, and rolls back to one.</remarks>
/// <param name="connection">The connection.</param>
/// <param name="sql">A statement that writes and gives one row; what it writes must not matter.</param>
internal sealed class RollbackWriter(Connection connection, string sql)
{
    private readonly Statement writer = connection.Prepare(sql);

    /// <summary>Begins to stand.</summary>
    /// <exception cref="EngineException">SQLite's code and text.</exception>
    public void Stand()
    {
        if (!writer.IsBusy)
        {
            writer.Step();
        }
    }

    /// <summary>Runs to its end, where it stands.</summary>
    /// <exception cref="EngineException">It was interrupted, and the transaction is gone.</exception>
    public void Finish()
    {
        if (writer.IsBusy)
        {
            writer.Run();
        }
    }

    /// <summary>Stops, where it stands, for a transaction that is to be undone: under an interrupt it is gone then.</summary>
    public void End()
    {
        if (writer.IsBusy)
        {
            _ = writer.TryStep();
            writer.Reset();
        }
    }
}
