using ChunkSync.Sqlite;

namespace ChunkSync.Session;

/// <summary>The table <c>chunksync_transaction</c>: no rows, not for users. The engine writes to it once in every transaction
/// that takes a db_version, and SQLite then tells it how the transaction ends. This replaces commit and rollback hooks, of
/// which a connection has only one each, the host's.</summary>
internal sealed unsafe class TransactionTable : VirtualTable
{
    public const string Name = "chunksync_transaction";

    private readonly Connection connection;
    private readonly SyncSession session;
    private readonly Statement join;
    private readonly RollbackWriter writer;
    private bool joining;

    public TransactionTable(Connection connection, SyncSession session)
    {
        this.connection = connection;
        this.session = session;
        join = connection.Prepare("INSERT INTO " + Name + "(event) VALUES (0)");
        writer = new RollbackWriter(connection, "INSERT INTO " + Name + "(event) VALUES (0) RETURNING 1");
    }

    /// <summary>How many transactions this connection has joined: tells one transaction from the next.</summary>
    public long Number { get; private set; }

    /// <summary>True from the first write of a transaction to its end.</summary>
    public bool IsJoined { get; private set; }

    /// <summary>How many rows were written here, one for each transaction that was joined and some more: SQLite counts them.</summary>
    public int Rows { get; private set; }

    /// <summary>When its savepoints began.</summary>
    public SavepointTimes Times { get; } = new();

    /// <summary>Undoes the transaction where SQLite has to prepare every statement anew.</summary>
    public RollbackWriter Writer => writer;

    /// <summary>The statement that joins; run by anybody else it fails and changes nothing.</summary>
    public Statement JoinStatement => join;

    public override string Declaration => "CREATE TABLE x(event)";

    /// <summary>Takes part in the current transaction, so that its end is noticed. The host's last_insert_rowid stays.</summary>
    public void Join()
    {
        if (IsJoined)
        {
            return;
        }

        long lastRowId = Sqlite3.Api->last_insert_rowid(connection.Handle);
        joining = true;
        try
        {
            join.Run();
            Rows++;
        }
        finally
        {
            joining = false;
            Sqlite3.Api->set_last_insert_rowid(connection.Handle, lastRowId);
        }
    }

    /// <summary>Lets <see cref="Writer"/> stand at its row. The host's last_insert_rowid stays.</summary>
    public void Stand()
    {
        Join();
        long lastRowId = Sqlite3.Api->last_insert_rowid(connection.Handle);
        joining = true;
        try
        {
            writer.Stand();
        }
        finally
        {
            joining = false;
            Sqlite3.Api->set_last_insert_rowid(connection.Handle, lastRowId);
        }
    }

    /// <summary>Ends what <see cref="Stand"/> began.</summary>
    /// <exception cref="EngineException">The connection was interrupted, and the transaction is gone.</exception>
    public void StandDown()
    {
        writer.Finish();
        Rows++;
    }

    public override int BestIndex(IndexInfo* plan)
    {
        plan->EstimatedCost = 1;
        plan->EstimatedRows = 1;
        return ResultCode.Ok;
    }

    public override VirtualCursor Open() => new EmptyCursor();

    public override long Update(int count, nint* arguments) => joining
        ? 0
        : throw Errors.ReadOnly("table " + Name);

    public override void Begin()
    {
        IsJoined = true;
        Number++;
        Times.Joined();
    }

    public override void Sync() => session.Committing();

    public override void Commit()
    {
        IsJoined = false;
        session.Committed();
    }

    public override void Rollback()
    {
        IsJoined = false;
        session.RolledBack();
    }

    public override void Savepoint(int savepoint) => Times.Opened(savepoint);

    public override void ReleaseSavepoint(int savepoint) => Times.Released(savepoint);

    public override void RollbackTo(int savepoint) => session.Undone(Times.RolledBackTo(savepoint));
}
