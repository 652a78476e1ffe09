namespace ChunkSync.Sqlite;

/// <summary>One savepoint of ours, or outside a transaction a transaction, for which SQLite keeps no copies of pages. It can be undone
/// also while the host interrupts the connection. A transaction takes the write lock at once: one that reads first could not wait for
/// another writer, SQLite would refuse it whatever the busy timeout.</summary>
/// <remarks>Two things make this more than three statements. A progress handler can stop a statement when it has done its work:
/// SAVEPOINT, RELEASE or ROLLBACK has happened then although it reports SQLITE_INTERRUPT. And after <c>sqlite3_interrupt</c> no
/// statement runs until the host's own has ended, ROLLBACK neither. What SQLite does then with a statement that would write is to
/// roll everything back; <paramref name="abort"/> steps such a statement.</remarks>
/// <param name="connection">The connection.</param>
/// <param name="name">The savepoint's name.</param>
/// <param name="rollback">ROLLBACK, prepared before it is needed: without memory nothing can be prepared, and this one stays as it is also when
/// the schema has changed.</param>
/// <param name="abort">A statement that would write, as SQLite sees it. It must fail or change nothing if it runs after all.</param>
/// <param name="takeLock">Takes the write lock for a transaction of ours; what was read before it may be out of date.</param>
/// <param name="reader">What undoes it where no ROLLBACK runs without memory; null where it does, or where tables are dropped inside.</param>
/// <param name="writer">What undoes it while SQLite prepares all statements anew.</param>
/// <param name="isNamed">Whether it has its name outside a transaction, too, because another call ends it.</param>
internal sealed class Savepoint(
    Connection connection, string name, Statement rollback, Statement abort, Action takeLock, RollbackReader? reader, RollbackWriter writer,
    bool isNamed = false)
{
    private const int MaxAttempts = 3;

    private bool owns;
    private bool hasReader;

    /// <summary>Opens it.</summary>
    /// <returns>True when it is the transaction.</returns>
    public bool Begin()
    {
        Prepare();
        owns = connection.IsAutocommit;
        if (owns && connection.IsWriting)
        {
            throw Refusal(ResultCode.Busy);
        }

        int code = connection.TryExecute(owns && !isNamed ? "BEGIN" : "SAVEPOINT " + name);
        if (code != ResultCode.Ok)
        {
            EngineException failure = connection.Failure(code);
            Undo();
            throw ResultCode.Primary(code) != ResultCode.Busy || !failure.Message.Contains("in progress", StringComparison.Ordinal)
                ? failure
                : Refusal(failure.Code);
        }

        Ready();
        return owns;
    }

    /// <summary>Prepares what undoes it, again, because DDL makes SQLite prepare a statement again: when it is needed nothing can be prepared any
    /// more.</summary>
    private void Prepare()
    {
        abort.Renew();
        _ = rollback.Handle;
        reader?.Prepare();
    }

    private void Ready()
    {
        try
        {
            if (owns)
            {
                takeLock();
            }

            hasReader = reader?.Stand() == true;
        }
        catch
        {
            Undo();
            throw;
        }
    }

    /// <summary>The failure of a call inside a statement that writes: SQLite allows no savepoints there.</summary>
    public static EngineException Refusal(int code) => new(
        code, "this cannot run inside a statement that writes to the database: call it in a SELECT of its own");

    /// <summary>Releases it, which commits when it is the transaction.</summary>
    public void Release()
    {
        if (hasReader && owns)
        {
            hasReader = false;
            reader!.Commit();
            return;
        }

        connection.Execute(owns ? "COMMIT" : "RELEASE " + name);
        StopReader();
    }

    /// <summary>Undoes what happened since it was opened; it stays open.</summary>
    public void Rewind()
    {
        StopReader();
        connection.Execute(owns ? "ROLLBACK" : "ROLLBACK TO " + name);

        // Tables that were made inside are gone, and with them what is prepared for the next undoing: before a transaction begins again.
        Prepare();
        if (owns)
        {
            connection.Execute("BEGIN");
        }

        Ready();
    }

    /// <summary>Undoes what happened since it was opened, and closes it. Where SQLite does not let that happen, the caller's
    /// transaction is rolled back as a whole, as after an interrupted write of its own.</summary>
    public void Undo()
    {
        StopReader();
        writer.End();
        if (connection.IsAutocommit)
        {
            return;
        }

        if (!owns && UndoInside())
        {
            return;
        }

        // A progress handler can interrupt some of these attempts, but not all: the statement is one step long.
        for (int attempt = 0; attempt < MaxAttempts && !connection.IsAutocommit; attempt++)
        {
            _ = rollback.TryRun();
            rollback.Reset();
            if (!connection.IsAutocommit)
            {
                _ = abort.TryRun();
                abort.Reset();
            }
        }
    }

    private void StopReader()
    {
        if (hasReader)
        {
            hasReader = false;
            reader!.Stop();
        }
    }

    /// <summary>Undoes and closes it inside the caller's transaction.</summary>
    private bool UndoInside()
    {
        // An interruption says nothing about whether the rollback ran. The release tells: a second one finds no savepoint then.
        int rewound = TryTwice("ROLLBACK TO " + name);
        int released = TryTwice("RELEASE " + name);
        return rewound is ResultCode.Ok or ResultCode.Error or ResultCode.Interrupt
            && released is ResultCode.Ok or ResultCode.Error;
    }

    private int TryTwice(string sql)
    {
        int code = connection.TryExecute(sql);
        return ResultCode.Primary(code == ResultCode.Ok ? code : connection.TryExecute(sql));
    }
}
