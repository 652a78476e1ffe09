using ChunkSync.Sqlite;

namespace ChunkSync.Session;

/// <summary>What a connection knows by itself: its database's settings and sites, the transaction that it takes part in, and whether what
/// is remembered of the database still holds. It knows neither tables nor clocks; those who keep such things hear of its events.</summary>
internal sealed class SyncSession
{
    private readonly ISessionEvents events;
    private readonly Freshness freshness;
    private readonly MainFile mainFile;
    private readonly Action replaced;
    private readonly Statement rollback;
    private readonly RollbackReader? reader;
    private readonly TextEncoding encoding;

    /// <summary>Whether the open transaction has made tables.</summary>
    private bool hasChangedSchema;

    public SyncSession(Connection connection, ISessionEvents events)
    {
        this.events = events;
        Connection = connection;
        encoding = new TextEncoding(connection);
        rollback = connection.Prepare("ROLLBACK");
        reader = RollbackReader.IsNeeded ? new RollbackReader(connection) : null;
        Transaction = new TransactionTable(connection, this);
        Sites = new SiteDirectory(connection, Transaction);
        Settings = new Settings(connection, Sites);
        freshness = new Freshness(connection, Transaction);
        mainFile = new MainFile(connection);
        replaced = DatabaseReplaced;
    }

    /// <summary>The connection.</summary>
    public Connection Connection { get; }

    /// <summary>The key-value settings of table <c>cloudsync_settings</c>.</summary>
    public Settings Settings { get; }

    /// <summary>The known sites of table <c>cloudsync_site_id</c>, the local one among them.</summary>
    public SiteDirectory Sites { get; }

    /// <summary>Tells when the host's transaction commits or rolls back, without taking the host's hooks.</summary>
    public TransactionTable Transaction { get; }

    /// <summary>Moves whenever the tracked tables were read again; what is derived from them compares generations.</summary>
    public int Generation { get; private set; }

    /// <summary>True while a merge writes: capture triggers are off (<c>cloudsync_is_sync</c> = 1) and cached metadata stays as it is.</summary>
    public bool IsMerging => MergeDepth > 0;

    /// <summary>True while the engine itself writes clock rows; a trigger that gets here again is a recursion.</summary>
    public bool IsCapturing { get; internal set; }

    /// <summary>How many <see cref="MergeScope"/> are open. Only the scope moves it.</summary>
    internal int MergeDepth { get; set; }

    /// <summary>Moves when a trigger is called in another statement than the one before; sometimes within one, when the host's functions
    /// write in between.</summary>
    public long StatementNumber { get; private set; }

    /// <inheritdoc cref="Freshness.IsCertain"/>
    public bool IsSameStatement => freshness.IsCertain;

    /// <summary>The value of <c>PRAGMA data_version</c>: moves when another connection commits.</summary>
    public long DataVersion => freshness.DataVersion;

    /// <summary>What other connections of the process can know the database by, as this one reads it. Null where it has no file, and while something of it
    /// is not committed.</summary>
    public CommittedFile? CommittedFile =>
        freshness.CommittedSchema is long schema && Sites.HasLocal && Connection.FileName is { Length: > 0 } path
            ? new CommittedFile(path, new Guid(Sites.Local), schema) : null;

    /// <summary>Counts the rows that this connection writes, without what a change that fails may leave behind: its site as a known one.</summary>
    public int WrittenRows => Connection.TotalChanges - Transaction.Rows - Sites.Added;

    /// <summary>True when the database has the internal tables and a local site.</summary>
    /// <exception cref="EngineException">It had them: tables are tracked, and the local site is gone.</exception>
    public bool IsInitialized
    {
        get
        {
            Refresh();
            return Sites.HasLocal || (events.HasTables ? throw Sites.Failure() : false);
        }
    }

    /// <summary>True when the database stores text as UTF-8, so that stored bytes are payload bytes.</summary>
    public bool IsUtf8 => encoding.IsUtf8;

    /// <summary>Turns capture off until the scope is closed: a merge writes.</summary>
    public MergeScope Merging() => new(this);

    /// <summary>Marks what is written until the scope is closed as the engine's own clock rows.</summary>
    public CaptureScope Capturing() => new(this);

    /// <summary>Brings cached metadata up to date with what other connections, rollbacks and DDL did. Costs two header reads
    /// when nothing changed. Call it once at the start of every operation that depends on metadata.</summary>
    public void Refresh()
    {
        // What is in use stays as it is.
        if (IsMerging || IsCapturing)
        {
            return;
        }

        ForkedProcess.Refuse();
        LookForReplacement();
        if (!RefreshMoved() && mainFile.WasReplaced && Sites.IsLocalOther())
        {
            Invalidate();
            RefreshMoved();
        }
    }

    /// <summary>The same for who asks what is in the file: also what somebody did by hand on this connection to settings and sites is seen.</summary>
    public void RefreshWhole()
    {
        Sites.Forget();
        if (events.HaveSettingsMoved())
        {
            Invalidate();
        }

        Refresh();
    }

    /// <summary>The same for what triggers call, once per row: nearly always a few tests show that nothing can have changed. The
    /// transaction is joined first, so that what is read in it is dropped when it is undone.</summary>
    public void RefreshInTrigger()
    {
        if (freshness.IsCertain)
        {
            return;
        }

        ForkedProcess.Refuse();
        StatementNumber++;
        LookForReplacement();
        JoinWhenWriting();
        if (!IsMerging && !IsCapturing)
        {
            RefreshMoved();
        }
    }

    /// <summary>Only a writing transaction can be joined, and only its end matters: outside, the numbers just move on.</summary>
    public void JoinWhenWriting()
    {
        if (!Transaction.IsJoined && Connection.IsWriting)
        {
            Transaction.Join();
        }
    }

    /// <inheritdoc cref="Freshness.CountChanges"/>
    public void CountChanges() => freshness.CountChanges();

    /// <summary>Throws away all cached metadata: the engine changed it itself.</summary>
    public void Invalidate()
    {
        freshness.Forget();
        Sites.Forget();
        events.Invalidated();
    }

    /// <summary>The engine itself changed the schema or the settings of one table, inside a transaction that it joined and refreshed before: only
    /// that table is read again. Where anything else may have moved as well, everything is.</summary>
    /// <param name="table">The table as its metadata spells it.</param>
    /// <param name="isSameTable">Whether only its triggers and settings were changed since it was read.</param>
    public void Reread(string table, bool isSameTable = false)
    {
        if (!freshness.IsCurrent || !Sites.HasLocal)
        {
            Invalidate();
            Refresh();
            return;
        }

        try
        {
            // First of all: what follows is undone with the transaction, also where it fails half-way.
            freshness.ReadingAnew();
            Generation++;
            events.Reload(table, isSameTable);
            freshness.Adopt();
        }
        catch
        {
            Invalidate();
            throw;
        }
    }

    /// <summary>Cached metadata was changed together with the database: it goes when the transaction, or a part of it, is undone.</summary>
    public void NoteUncommitted() => freshness.ReadingAnew();

    /// <summary>A savepoint of that name, not open yet.</summary>
    /// <param name="name">The name.</param>
    /// <param name="isNamed">Whether another call ends it, by its name.</param>
    /// <param name="withoutReader">Whether tables are dropped in it, or another statement than its own ends it.</param>
    public Savepoint Savepoint(string name, bool isNamed = false, bool withoutReader = false) => new(
        Connection, name, rollback, Transaction.JoinStatement, TakeLock, isNamed || withoutReader ? null : reader,
        Transaction.Writer, isNamed);

    /// <summary>A table was made in the open transaction: from here on SQLite prepares every statement anew at each ROLLBACK TO.</summary>
    public void NoteSchemaChange()
    {
        hasChangedSchema = true;
        PrepareUndo();
    }

    /// <summary>Makes tables and indexes in the open transaction.</summary>
    public void ChangeSchema(IEnumerable<string> statements)
    {
        hasChangedSchema = true;
        RunGuarded(() =>
        {
            foreach (string statement in statements)
            {
                Connection.Execute(statement);
            }
        });
    }

    /// <summary>Rolls back to a savepoint, and releases it.</summary>
    /// <param name="undo">The ROLLBACK TO.</param>
    /// <param name="release">The RELEASE.</param>
    public void RollBackTo(Statement undo, Statement release)
    {
        if (hasChangedSchema)
        {
            RunGuarded(undo.Run);
        }
        else
        {
            undo.Run();
        }

        release.Run();
    }

    /// <summary>Runs a PRAGMA behind which SQLite prepares every statement anew.</summary>
    public void RunPragma(string sql) => RunGuarded(() => Connection.Execute(sql));

    /// <summary>Foreign keys are looked at when the open transaction ends.</summary>
    public void DeferForeignKeys() => RunPragma("PRAGMA defer_foreign_keys = ON");

    /// <summary>Runs what makes SQLite prepare every statement anew, and prepares again what undoes the transaction: meanwhile another statement
    /// stands for it.</summary>
    private void RunGuarded(Action action)
    {
        Transaction.Stand();
        action();
        PrepareUndo();
        Transaction.StandDown();
    }

    private void PrepareUndo()
    {
        Transaction.JoinStatement.Renew();
        rollback.Renew();
    }

    /// <summary>Opens a transaction of ours, or a savepoint inside the caller's.</summary>
    /// <inheritdoc cref="Savepoint"/>
    public TransactionScope BeginTransaction(string name, bool isNamed = false, bool withoutReader = false) =>
        new(this, Savepoint(name, isNamed, withoutReader));

    /// <summary>Changes metadata in a transaction, or inside the caller's in a savepoint; after a failure nothing has changed, and cached
    /// metadata is read again either way.</summary>
    /// <param name="name">The savepoint's name.</param>
    /// <param name="body">What is done.</param>
    /// <param name="dropsTables">Whether tables are dropped in it.</param>
    /// <param name="rereads">Whether the body itself says with <see cref="Reread"/> what it changed, as the last thing that it does.</param>
    public void InTransaction(string name, Action body, bool dropsTables = false, bool rereads = false)
    {
        using TransactionScope scope = BeginTransaction(name, withoutReader: dropsTables);
        body();
        if (!rereads)
        {
            Invalidate();
        }

        scope.Complete();
    }

    /// <summary>Refuses what would change metadata under a merge that is writing.</summary>
    /// <param name="operation">What was called.</param>
    public void RefuseDuringMerge(string operation)
    {
        if (IsMerging)
        {
            throw Errors.Misuse(operation + " cannot run while changes are being applied");
        }
    }

    /// <summary>The failure of a call that needs <c>cloudsync_init</c> first.</summary>
    /// <param name="operation">What the user was about to do, for example "before calling cloudsync_db_version()."</param>
    /// <param name="code">The SQLite result code.</param>
    public static EngineException NotInitialized(string operation, int code = ResultCode.Error) => new EngineException(code,
        "cloudsync is not initialized: call SELECT cloudsync_init('<table_name>') to enable sync on a table " + operation).As(FailureKind.NotTracked);

    /// <summary>The joined transaction is about to be committed.</summary>
    internal void Committing() => events.Committing();

    /// <summary>The joined transaction is durable.</summary>
    internal void Committed()
    {
        hasChangedSchema = false;
        freshness.Committed();
        events.Committed();
    }

    /// <summary>The joined transaction is gone.</summary>
    internal void RolledBack()
    {
        hasChangedSchema = false;
        events.RolledBack();
        Undone(SavepointTimes.Never);
    }

    /// <summary>Something of the transaction was rolled back; what was read before <paramref name="since"/> holds.</summary>
    internal void Undone(long since)
    {
        freshness.Undone();
        Sites.Undone(since);
        events.Undone(since);
    }

    /// <summary>Reads again what versions show to have moved; false when nothing has.</summary>
    private bool RefreshMoved()
    {
        if (!freshness.HasMoved(out bool schemaMoved))
        {
            return false;
        }

        try
        {
            Reload(schemaMoved);
            return true;
        }
        catch
        {
            // Half of it was read: the next call must not take that for everything.
            Invalidate();
            throw;
        }
    }

    private void Reload(bool schemaMoved)
    {
        events.RowsMoved();
        Sites.Forget();
        if (schemaMoved || events.HaveSettingsMoved())
        {
            freshness.ReadingAnew();
            Generation++;
            events.Reload();
        }
    }

    /// <summary>A transaction that we take part in holds the database where it is.</summary>
    private void LookForReplacement()
    {
        if (!Transaction.IsJoined)
        {
            mainFile.Look(replaced);
        }
    }

    /// <summary>Another database is in the place of <c>main</c>: nothing that was prepared or read holds.</summary>
    private void DatabaseReplaced()
    {
        Connection.ReleaseStatements();
        encoding.Forget();
        events.Replaced();
        mainFile.DropPragmaTables();
        RolledBack();
        Invalidate();
    }

    /// <summary>Takes the write lock of database <c>main</c> for a transaction of ours, waiting as the host's busy timeout says, and reads
    /// again what another connection may have changed before. BEGIN IMMEDIATE would lock attached databases too.</summary>
    private void TakeLock()
    {
        Transaction.Join();
        Refresh();
    }
}
