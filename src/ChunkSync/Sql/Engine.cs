using System.Runtime.CompilerServices;
using ChunkSync.Backfill;
using ChunkSync.Capture;
using ChunkSync.Catalog;
using ChunkSync.Changes;
using ChunkSync.Chunks;
using ChunkSync.Clock;
using ChunkSync.Diagnostics;
using ChunkSync.Format;
using ChunkSync.Keys;
using ChunkSync.Merge;
using ChunkSync.Receive;
using ChunkSync.Session;
using ChunkSync.Sqlite;
using ChunkSync.Tracking;
using ChunkSync.Trees;
using ChunkSync.Waiting;

namespace ChunkSync.Sql;

/// <summary>The composition root: everything that one connection keeps between two calls, built once, each part from those below it. It
/// belongs to the connection alone, is guarded by the connection's mutex, and is dropped when the connection closes.</summary>
internal sealed class Engine : ConnectionState, ISessionEvents
{
    private readonly IReadOnlyList<ModuleDefinition> modules;
    private readonly Statement keeper;
    private MergeEngine? merge;
    private FragmentStore? fragments;
    private ResumeMemory? resume;
    private PayloadApplier? applier;
    private ChunkReceiver? receiver;
    private SyncStatus? status;
    private DatabaseCheck? checker;
    private RefusedChanges? waiting;
    private WaitingActions? waitingActions;
    private readonly PendingRows pending;
    private bool keeperConnected;
    private bool preparingKeeper;

    /// <summary>The hash of what was read; null where the engine has written more since.</summary>
    private int? tableSettingsHash;

    public Engine(Connection connection, IReadOnlyList<ModuleDefinition> modules)
        : base(connection)
    {
        this.modules = modules;
        connection.StatementPreparing = ConnectKeeper;
        connection.Explain = MetadataNames.Explain;
        keeper = connection.Prepare("SELECT 1 FROM " + StatementKeeper.Name);
        Session = new SyncSession(connection, this);
        Tick = new TickPlace(this);
        Catalog = new TableCatalog(Session, MetadataTables);
        Keys = new TableKeys(connection);
        Clock = new VersionClock(Session, Catalog);
        LocalClocks clocks = new(Session, Keys, Clock);
        Triggers = new ReplaceTriggers(Session, Catalog, Clock, clocks);
        Replaced = new ReplacedRows(Session, Catalog, Clock, clocks, Triggers);
        Filters = new FilterWatch(Session, Catalog, Clock, clocks, Replaced);
        Capture = new LocalCapture(Session, Catalog, Clock, clocks, Triggers, Replaced, Filters);
        AlterationSnapshot alterations = new(Session, Clock, clocks);
        Watch = new CaptureWatch(Session, Catalog, alterations);
        FillStates states = new(connection);
        pending = new PendingRows(Session, Clock, clocks, Keys, states);
        clocks.Hand(pending);
        ExistingRows rows = new(Session, Catalog, Clock, clocks, Filters);
        Tracker = new Tracker(Session, Catalog, Keys, Clock, clocks, Triggers, Watch, alterations, rows) { Waiting = () => Waiting };
        Fill = new SlicedFill(Tracker, pending, states);
        LargeValue = new LargeValueCache(Session);
        Changes = new ChangeStreamPool(Session, Catalog, Keys, Watch, LargeValue);
        Clocks = clocks;
        MergeWatch = new MergeWatch(Session);
        Trees = new TreeTracker(Tracker, MergeWatch);
        Capture.Hand(Trees.Folds);
        Watch.Hand(Trees.Folds);
        Tracker.Trees = Trees;
    }

    /// <summary>The connection's own state: settings, sites, transaction.</summary>
    public SyncSession Session { get; }

    /// <summary>The tracked tables, in the creation order of their clock tables.</summary>
    public TableCatalog Catalog { get; }

    /// <summary>How SQLite compares the tables' keys.</summary>
    public TableKeys Keys { get; }

    /// <summary>db_version and seq of this connection's transactions.</summary>
    public VersionClock Clock { get; }

    /// <summary>What writes the clock rows of local changes.</summary>
    public LocalClocks Clocks { get; }

    /// <summary>What the triggers of tracked tables call.</summary>
    public LocalCapture Capture { get; }

    /// <summary>Captures rows that REPLACE removes.</summary>
    public ReplacedRows Replaced { get; }

    /// <summary>What goes out of filters and comes in.</summary>
    public FilterWatch Filters { get; }

    /// <summary>The TEMP triggers that it needs.</summary>
    public ReplaceTriggers Triggers { get; }

    /// <summary>Notices tables whose triggers are gone.</summary>
    public CaptureWatch Watch { get; }

    /// <summary>Init, alterations, filters, recapture.</summary>
    public Tracker Tracker { get; }

    /// <summary>Captures the rows of a table a few at a time.</summary>
    public SlicedFill Fill { get; }

    /// <summary>Tables that are trees.</summary>
    public TreeTracker Trees { get; }

    /// <summary>Reads the ordered stream of changes.</summary>
    public ChangeStreamPool Changes { get; }

    /// <summary>What is remembered of the large value that a drain is inside of.</summary>
    public LargeValueCache LargeValue { get; }

    /// <summary>What the last merge did.</summary>
    public MergeWatch MergeWatch { get; }

    /// <summary>Merges changes of other replicas.</summary>
    public MergeEngine Merge => merge ??= new MergeEngine(Session, Catalog, Keys, Clock, Clocks, Filters, Watch, MergeWatch);

    /// <summary>Collects the parts of long values.</summary>
    public FragmentStore Fragments => fragments ??= new FragmentStore(Session, Catalog, Keys, Clock, Clocks, Watch, Merge, Waiting, Trees.Folds);

    /// <summary>Arranges and keeps changes that tables refuse.</summary>
    public RefusedChanges Waiting => waiting ??= new RefusedChanges(Session, Catalog, Keys, Clock, Merge);

    /// <summary>What users do about changes that wait.</summary>
    public WaitingActions WaitingActions => waitingActions ??= new WaitingActions(Session, Catalog, Clock, Clocks, Watch, Waiting, Trees.Folds);

    /// <summary>Applies payloads.</summary>
    public PayloadApplier Applier => applier ??= new PayloadApplier(Session, Catalog, Clock, Watch, Merge, Fragments, Waiting, Trees.Folds);

    /// <summary>Receives chunks and records what has arrived.</summary>
    public ChunkReceiver Receiver => receiver ??= new ChunkReceiver(Session, Catalog, Clock, Watch, Applier);

    /// <summary>What is wrong with the database.</summary>
    public DatabaseCheck Checker => checker ??= new DatabaseCheck(Session, Catalog, Clock, Watch, Receiver.Gaps);

    /// <summary>How the database is.</summary>
    public SyncStatus Status => status ??= new SyncStatus(Session, Catalog, Clock, MergeWatch, Receiver.Ranges);

    /// <summary>Where backfill plans of this connection count what they visit.</summary>
    public TickPlace Tick { get; }

    /// <summary>A chunk buffer that is kept between two queries.</summary>
    public SpareBody SpareBody { get; } = new();

    /// <summary>Where the last page of this connection ended inside a position.</summary>
    public ResumeMemory Resume => resume ??= new ResumeMemory(Session);

    /// <summary>The table whose disconnect releases our statements.</summary>
    public static ModuleDefinition KeeperDefinition { get; } = new(
        StatementKeeper.Name, Writable: false, Transactional: false, state => new StatementKeeper(((Engine)state).Disconnected))
    {
        InSchema = SchemaUse.DirectOnly,
        Summary = "Internal: how the engine learns that the connection is being closed. Always empty.",
        Example = "SELECT count(*) FROM chunksync_connection",
    };

    /// <summary>The table by which the session learns how a transaction ends.</summary>
    public static ModuleDefinition TransactionDefinition { get; } = new(
        TransactionTable.Name, Writable: true, Transactional: true, state => ((Engine)state).Session.Transaction)
    {
        InSchema = SchemaUse.DirectOnly,
        Summary = "Internal: how the engine learns that a transaction ended. Always empty.",
        Example = "SELECT count(*) FROM chunksync_transaction",
    };

    /// <summary>The tables that the folders keep in a database, in the order in which they are created.</summary>
    private static MetadataTable[] MetadataTables =>
    [
        Settings.Table, SiteDirectory.Table, TableSettingStore.Table, SchemaVersions.Table, StagedParts.Table, ReceivedRanges.Table, FillStates.Table,
        ConflictLog.Table, WaitingTables.Changes, WaitingTables.Rows, WaitingTables.Sites, TreeRegistry.Table,
    ];

    /// <summary>The engine behind a function call.</summary>
    public static Engine Of(in Call call)
    {
        Check.That(call.State is Engine);
        return Unsafe.As<Engine>(call.State);
    }

    /// <summary>A table of ours was disconnected, which SQLite does before it closes a connection: from here on no statement
    /// of ours may keep the connection busy. One that runs is inside a statement of the host's, and closing is refused because of that
    /// one: the host may go on with it.</summary>
    public void Disconnected()
    {
        keeperConnected = false;
        Connection.ReleaseIdleStatements();
    }

    public override void Dispose()
    {
        Changes.Dispose();
        Capture.Release();
        Replaced.Dispose();
        Filters.Dispose();
        pending.Dispose();
        waiting?.Dispose();
        merge?.Dispose();
        MergeWatch.Dispose();
        LargeValue.Dispose();
        SpareBody.Dispose();
        Sqlite3.Detach();
    }

    void ISessionEvents.RowsMoved()
    {
        Clock.Forget();
        waiting?.Forget();
    }

    bool ISessionEvents.HaveSettingsMoved() => Catalog.Settings.Hash() != tableSettingsHash;

    void ISessionEvents.Reload()
    {
        Catalog.Reload();
        waiting?.Forget();
        tableSettingsHash = Catalog.Settings.Hash();
    }

    void ISessionEvents.Reload(string table, bool isSameTable)
    {
        Catalog.Reload(table, isSameTable);
        Catalog.Disabled.ForgetMarks();
        tableSettingsHash = null;
    }

    bool ISessionEvents.HasTables => Catalog.Damage.HasTables;

    void ISessionEvents.Invalidated()
    {
        Catalog.Disabled.ForgetMarks();
        waiting?.Forget();
    }

    void ISessionEvents.Committing() => Triggers.Committing();

    void ISessionEvents.Committed()
    {
        Replaced.Forget();
        Triggers.Committed();
        Clock.Commit();
        MergeWatch.Committed();
    }

    void ISessionEvents.RolledBack()
    {
        Clock.Rollback();
        MergeWatch.RolledBack();
    }

    void ISessionEvents.Undone(long since)
    {
        Replaced.Forget();
        Triggers.Undone();
        Catalog.Disabled.ForgetMarks();
        LargeValue.Forget();
        resume?.Forget();
        waiting?.Undone(since);
        Changes.ForgetNewest();
        fragments?.ForgetRefused();
        MergeWatch.Undone();
    }

    unsafe void ISessionEvents.Replaced()
    {
        foreach (ModuleDefinition module in modules)
        {
            ModuleRegistry.Register(Connection, Native, module);
        }
    }

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
}
