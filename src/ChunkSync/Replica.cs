using ChunkSync.Backfill;
using ChunkSync.Capture;
using ChunkSync.Catalog;
using ChunkSync.Changes;
using ChunkSync.Chunks;
using ChunkSync.Clock;
using ChunkSync.Merge;
using ChunkSync.Receive;
using ChunkSync.Session;
using ChunkSync.Sql;
using ChunkSync.Sqlite;

namespace ChunkSync;

/// <summary>One replica as one connection sees it: everything the engine keeps between two calls. It belongs to the connection
/// alone, is guarded by the connection's mutex, and is dropped when the connection closes.</summary>
internal sealed class Replica : ConnectionState
{
    private readonly Freshness freshness;
    private readonly MainFile mainFile;
    private readonly Action repair;
    private readonly Statement rollback;
    private readonly RollbackReader? reader;
    private readonly Statement keeper;
    private readonly Statement encoding;
    private bool? isUtf8;
    private MergeEngine? merge;
    private PayloadApplier? apply;
    private FragmentStore? fragments;
    private ChunkReceiver? receiver;
    private bool keeperConnected;
    private bool preparingKeeper;
    private int tableSettingsHash;

    public Replica(Connection connection)
        : base(connection)
    {
        connection.StatementPreparing = ConnectKeeper;
        connection.Explain = MetadataNames.Explain;
        encoding = connection.Prepare("PRAGMA main.encoding");
        rollback = connection.Prepare("ROLLBACK");
        reader = RollbackReader.IsNeeded ? new RollbackReader(connection) : null;
        keeper = connection.Prepare("SELECT 1 FROM " + StatementKeeper.Name);
        Settings = new Settings(this);
        Sites = new SiteDirectory(this);
        Tables = new TableCatalog(this);
        Clock = new VersionClock(this);
        Transaction = new TransactionTable(this);
        freshness = new Freshness(connection, Transaction);
        mainFile = new MainFile(connection);
        repair = DatabaseReplaced;
        Changes = new ChangeStreamPool(this);
        Schema = new SchemaVersions(this);
        Capture = new LocalCapture(this);
        Replaced = new ReplacedRows(this);
        FilterWatch = new FilterWatch(this);
        ReplaceTriggers = new ReplaceTriggers(this);
        LargeValue = new LargeValueCache(this);
        Watch = new CaptureWatch(this);
        Marks = new TableMarks(this);
        Alterations = new AlterationSnapshot(this);
    }

    /// <summary>The key-value settings of table <c>cloudsync_settings</c>.</summary>
    public Settings Settings { get; }

    /// <summary>The known sites of table <c>cloudsync_site_id</c>, the local one among them.</summary>
    public SiteDirectory Sites { get; }

    /// <summary>The tracked tables, in the creation order of their clock tables.</summary>
    public TableCatalog Tables { get; }

    /// <summary>db_version and seq of this connection's transactions.</summary>
    public VersionClock Clock { get; }

    /// <summary>Reads the ordered stream of changes.</summary>
    public ChangeStreamPool Changes { get; }

    /// <summary>What the triggers of tracked tables call.</summary>
    public LocalCapture Capture { get; }

    /// <summary>Captures rows that REPLACE removes.</summary>
    public ReplacedRows Replaced { get; }

    /// <summary>What goes out of filters and comes in.</summary>
    public FilterWatch FilterWatch { get; }

    /// <summary>The TEMP triggers that it needs.</summary>
    public ReplaceTriggers ReplaceTriggers { get; }

    /// <summary>Merges changes of other replicas.</summary>
    public MergeEngine Merge => merge ??= new MergeEngine(this);

    /// <summary>Applies payloads.</summary>
    public PayloadApplier Apply => apply ??= new PayloadApplier(this);

    /// <summary>Collects the parts of long values.</summary>
    public FragmentStore Fragments => fragments ??= new FragmentStore(this);

    /// <summary>Receives chunks and books what has arrived.</summary>
    public ChunkReceiver Receiver => receiver ??= new ChunkReceiver(this);

    /// <summary>The schema hashes of this database.</summary>
    public SchemaVersions Schema { get; }

    /// <summary>Notices tables whose triggers are gone.</summary>
    public CaptureWatch Watch { get; }

    /// <summary>What the file remembers about the capture of tables.</summary>
    public TableMarks Marks { get; }

    /// <summary>Counts the rows that this connection writes, without what a change that fails may leave behind: its site as a known one.</summary>
    public int WrittenRows => Connection.TotalChanges - Transaction.Joins - Sites.Added;

    /// <summary>What tables held when their alterations began.</summary>
    public AlterationSnapshot Alterations { get; }

    /// <summary>Where backfill plans of this connection count what they visit.</summary>
    public TickPlace Tick { get; } = new();

    /// <summary>A chunk buffer that is kept between two queries.</summary>
    public SpareBody SpareBody { get; } = new();

    /// <summary>Where the last page of this connection ended inside a position.</summary>
    public ResumeMemory Resume { get; } = new();

    /// <summary>What is remembered of the large value that a drain is inside of.</summary>
    public LargeValueCache LargeValue { get; }

    /// <summary>Tells when the host's transaction commits or rolls back, without taking the host's hooks.</summary>
    public TransactionTable Transaction { get; }

    /// <summary>Moves whenever cached metadata was thrown away; what is derived from it compares generations.</summary>
    public int Generation { get; private set; }

    /// <summary>Above 0 while a merge writes: capture triggers are off (<c>cloudsync_is_sync</c> = 1) and cached metadata stays
    /// as it is.</summary>
    public int MergeDepth { get; set; }

    /// <summary>True while the engine itself writes clock rows; a trigger that gets here again is a recursion.</summary>
    public bool IsCapturing { get; set; }

    /// <summary>True when the database has the internal tables and a local site.</summary>
    /// <exception cref="EngineException">It had them: tables are tracked, and the local site is gone.</exception>
    public bool IsInitialized
    {
        get
        {
            Refresh();
            return Sites.HasLocal || (Tables.Damage.Site == null ? false : throw Tables.Damage.SiteFailure());
        }
    }

    /// <summary>The object behind a function call.</summary>
    public static Replica Of(in Call call) => System.Runtime.CompilerServices.Unsafe.As<Replica>(call.State);

    /// <summary>The value of <c>PRAGMA data_version</c>: moves when another connection commits.</summary>
    public long DataVersion => freshness.DataVersion;

    /// <summary>Brings cached metadata up to date with what other connections, rollbacks and DDL did. Costs two header reads
    /// when nothing changed. Call it once at the start of every operation that depends on metadata.</summary>
    public void Refresh()
    {
        // What is in use stays as it is.
        if (MergeDepth > 0 || IsCapturing)
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

    /// <summary>Reads anew what versions show to have moved; false when nothing has.</summary>
    private bool RefreshMoved()
    {
        if (!freshness.HasMoved(out bool schemaMoved))
        {
            return false;
        }

        try
        {
            ReadAnew(schemaMoved);
            return true;
        }
        catch
        {
            // Half of it was read: the next call must not take that for everything.
            Invalidate();
            throw;
        }
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
        Clock.JoinWhenWriting();
        if (MergeDepth == 0 && !IsCapturing)
        {
            RefreshMoved();
        }
    }

    /// <summary>Moves when a trigger is called in another statement than the one before; sometimes within one, when the host's functions
    /// write in between.</summary>
    public long StatementNumber { get; private set; }

    /// <inheritdoc cref="Freshness.IsCertain"/>
    public bool IsSameStatement => freshness.IsCertain;

    /// <inheritdoc cref="Freshness.CountChanges"/>
    public void CountChanges() => freshness.CountChanges();

    /// <summary>Throws away all cached metadata: the engine changed it itself.</summary>
    public void Invalidate()
    {
        freshness.Forget();
        Sites.Forget();
        Tables.Disabled.ForgetMarks();
    }

    /// <summary>Cached metadata was changed together with the database: it goes when the transaction, or a part of it, is undone.</summary>
    public void NoteUncommitted() => freshness.ReadingAnew();

    /// <summary>The transaction that this connection had joined is about to be committed.</summary>
    public void Committing() => ReplaceTriggers.Committing();

    /// <summary>The transaction that this connection had joined is durable.</summary>
    public void Committed()
    {
        Replaced.Forget();
        ReplaceTriggers.Committed();
        freshness.Committed();
        Clock.Commit();
    }

    /// <summary>A transaction, a savepoint or a failed statement was rolled back: nothing is remembered of what is no more.</summary>
    public void Undone()
    {
        freshness.Undone();
        Replaced.Forget();
        ReplaceTriggers.Undone();
        Sites.Forget();
        Tables.Disabled.ForgetMarks();
        LargeValue.Forget();
        Resume.Forget();
        fragments?.ForgetRefused();
    }

    /// <summary>A transaction that we take part in holds the database where it is.</summary>
    private void LookForReplacement()
    {
        if (!Transaction.IsJoined)
        {
            mainFile.Look(repair);
        }
    }

    /// <summary>Another database is in the place of <c>main</c>: nothing that was prepared or read holds.</summary>
    private unsafe void DatabaseReplaced()
    {
        Connection.ReleaseStatements();
        foreach (ModuleDefinition module in Registration.Modules)
        {
            ModuleRegistry.Register(Connection, Native, module);
        }

        mainFile.DropPragmaTables();
        Clock.Rollback();
        Undone();
        Invalidate();
    }

    /// <summary>A savepoint of that name, not open yet.</summary>
    /// <param name="name">The name.</param>
    /// <param name="isNamed">Whether another call ends it, by its name.</param>
    /// <param name="withoutReader">Whether tables are dropped in it, or another statement than its own ends it.</param>
    public Savepoint Savepoint(string name, bool isNamed = false, bool withoutReader = false) => new(
        Connection, name, rollback, Transaction.JoinStatement, TakeLock, isNamed || withoutReader ? null : reader, isNamed);

    /// <summary>The failure of a call that needs <c>cloudsync_init</c> first.</summary>
    /// <param name="operation">What the user was about to do, for example "before calling cloudsync_db_version()."</param>
    /// <param name="code">The SQLite result code.</param>
    public static EngineException NotInitialized(string operation, int code = ResultCode.Error) => new(code,
        "cloudsync is not initialized: call SELECT cloudsync_init('<table_name>') to enable sync on a table " + operation);

    /// <summary>Refuses what would change metadata under a merge that is writing.</summary>
    /// <param name="operation">What was called.</param>
    public void RefuseDuringMerge(string operation)
    {
        if (MergeDepth > 0)
        {
            throw new EngineException(ResultCode.Misuse, operation + " cannot run while changes are being applied");
        }
    }

    /// <summary>A table of ours was disconnected, which SQLite does before it closes a connection: from here on no statement
    /// of ours may keep the connection busy. One that runs is inside a statement of the host's, and closing is refused because of that
    /// one: the host may go on with it.</summary>
    public void Disconnected()
    {
        keeperConnected = false;
        Connection.ReleaseIdleStatements();
    }

    /// <summary>True when the database stores text as UTF-8, so that stored bytes are payload bytes.</summary>
    public bool IsUtf8
    {
        get
        {
            if (isUtf8 is not bool known)
            {
                encoding.Step();
                known = encoding.String(0) == "UTF-8";
                encoding.Reset();
                isUtf8 = known;
            }

            return known;
        }
    }

    public override void Dispose()
    {
        Changes.Dispose();
        Capture.Release();
        Replaced.Dispose();
        FilterWatch.Dispose();
        merge?.Dispose();
        LargeValue.Dispose();
        SpareBody.Dispose();
        Sqlite3.Detach();
    }

    /// <summary>The table whose disconnect releases our statements.</summary>
    public static ModuleDefinition KeeperDefinition { get; } = new(
        StatementKeeper.Name, Writable: false, Transactional: false, state => new StatementKeeper(((Replica)state).Disconnected))
    {
        InSchema = SchemaUse.DirectOnly,
        Summary = "Internal: how the engine learns that the connection is being closed. Always empty.",
        Example = "SELECT count(*) FROM chunksync_connection",
    };

    /// <summary>Makes SQLite connect the keeper before any statement of ours exists: its disconnect is what
    /// releases them in sqlite3_close.</summary>
    private void ConnectKeeper()
    {
        if (keeperConnected || preparingKeeper)
        {
            return;
        }

        preparingKeeper = true;
        try
        {
            _ = keeper.Handle;
            keeper.Release();
            keeperConnected = true;
        }
        finally
        {
            preparingKeeper = false;
        }
    }

    /// <summary>Takes the write lock of database <c>main</c> for a transaction of ours, waiting as the host's busy timeout says, and reads
    /// anew what another connection may have changed before. BEGIN IMMEDIATE would lock attached databases too.</summary>
    private void TakeLock()
    {
        Transaction.Join();
        Refresh();
    }

    private void ReadAnew(bool schemaMoved)
    {
        Clock.Forget();
        Sites.Forget();
        if (schemaMoved || Tables.SettingsHash() != tableSettingsHash)
        {
            freshness.ReadingAnew();
            Generation++;
            Tables.Reload();
            tableSettingsHash = Tables.SettingsHash();
        }
    }
}
