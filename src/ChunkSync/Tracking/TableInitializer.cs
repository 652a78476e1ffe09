using System.Text;
using ChunkSync.Capture;
using ChunkSync.Catalog;
using ChunkSync.Keys;
using ChunkSync.Session;
using ChunkSync.Sqlite;

namespace ChunkSync.Tracking;

/// <summary><c>cloudsync_init</c> (behaviour E.2): checks a table and makes it tracked, or brings a tracked one up to date.</summary>
internal static class TableInitializer
{
    /// <summary>Do not refuse a key of one integer column.</summary>
    public const long AllowIntegerKey = 1;

    /// <summary>Do not refuse NOT NULL columns without a default.</summary>
    public const long AllowNotNullWithoutDefault = 2;

    /// <summary>Do not refuse key columns with another collation than BINARY.</summary>
    public const long AllowKeyCollation = 4;

    private const int MaxNameBytes = 512;
    private const int MaxKeyColumns = 128;
    private const string InitSavepoint = "chunksync_init";

    /// <summary>Initialises a table in a savepoint of its own: after an error nothing has changed.</summary>
    /// <param name="tracker">What it works with.</param>
    /// <param name="table">The table's name as the user gave it; null for SQL NULL.</param>
    /// <param name="algorithm">The CRDT's name; null for the default.</param>
    /// <param name="flags">Checks to leave out.</param>
    /// <param name="postpone">Where it is given no row is captured: it gets the table, inside the savepoint, and leaves the mark
    /// <see cref="TableMarks.Pending"/>. Not called for a table that has that mark.</param>
    /// <returns>The local site id in hex.</returns>
    public static string Run(Tracker tracker, string? table, string? algorithm, long flags, Action<TrackedTable>? postpone = null)
    {
        if (table == null)
        {
            throw Errors.Refused("cloudsync_init requires a non-null table parameter");
        }

        tracker.Session.RefuseDuringMerge("cloudsync_init");
        tracker.Session.Refresh();
        CrdtAlgorithm crdt = CheckTable(tracker, table, algorithm, flags);
        bool postpones = postpone != null && tracker.Catalog.Find(table) is not { HasPendingRows: true };
        if (postpones || !IsUpToDate(tracker, table))
        {
            tracker.Session.InTransaction(
                InitSavepoint, () => Initialize(tracker, table, crdt, postpone), dropsTables: !tracker.Session.Sites.HasLocal, rereads: true);
            tracker.Session.Refresh();
        }
        else if (tracker.Catalog.Find(table) is TrackedTable tracked && tracker.Watch.HasLateTriggers(tracked))
        {
            FireFirst(tracker, tracked);
        }

        _ = tracker.Triggers.TryInstall();
        return Uuid7.Format(tracker.Session.Sites.Local, dashes: false);
    }

    /// <summary>Makes the triggers again, so that they fire before those that were made since. Nothing else is wrong: a database that cannot be
    /// written now stays as it is.</summary>
    private static void FireFirst(Tracker tracker, TrackedTable table)
    {
        try
        {
            tracker.Session.InTransaction(
                InitSavepoint, () => TriggerSet.Renew(tracker.Session.Connection, table.Name, table.Columns, table.Algorithm, table.Filter));
            tracker.Session.Refresh();
        }
        catch (EngineException failure) when (ResultCode.Primary(failure.Code) is ResultCode.Busy or ResultCode.Locked or ResultCode.ReadOnly or ResultCode.Auth)
        {
        }
    }

    private static CrdtAlgorithm CheckTable(Tracker tracker, string table, string? algorithm, long flags)
    {
        try
        {
            return Check(tracker, table, algorithm, flags);
        }
        catch (EngineException failure) when (failure is { Kind: FailureKind.ByCode, Code: ResultCode.Error or ResultCode.Misuse })
        {
            failure.As(FailureKind.Table);
            throw;
        }
    }

    /// <summary>Brings a tracked table's metadata up to date with its columns and rows, inside the savepoint of the caller: triggers, clocks
    /// of columns that are gone, schema hash, rows and columns without clocks.</summary>
    /// <param name="tracker">What it works with.</param>
    /// <param name="table">The table.</param>
    /// <param name="before">What is captured or forgotten before rows without clocks are looked for.</param>
    /// <param name="keepLost">Whether what happened while the triggers were gone goes on being unknown.</param>
    /// <param name="leavesRows">Whether rows and columns without clocks stay so.</param>
    /// <param name="isNew">Whether its clock table is new: no clocks can go, and the versions of all other tables need not be read.</param>
    public static void BringUpToDate(
        Tracker tracker, TrackedTable table, Action<TrackedTable> before, bool keepLost, bool leavesRows = false, bool isNew = false)
    {
        tracker.Watch.RequireKey(table);
        long? floor = isNew ? null : tracker.Clock.Highest;
        if (isNew || tracker.Watch.HasLateTriggers(table))
        {
            TriggerSet.Renew(tracker.Session.Connection, table.Name, table.Columns, table.Algorithm, table.Filter);
        }
        else
        {
            TriggerSet.Update(tracker.Session.Connection, table.Name, table.Columns, table.Algorithm, table.Filter);
        }

        tracker.Catalog.Schema.Update();
        if (floor is long highest)
        {
            tracker.Clock.Raise(highest);
        }

        before(table);

        // Not earlier: of a row that was deleted they may be all that says that it lived.
        LostColumns.Forget(tracker.Session.Connection, table);

        // Before new columns are filled: what others wrote comes first.
        tracker.Waiting().Appeared(table);
        if (!leavesRows)
        {
            tracker.Rows.Capture(table);
        }

        if (floor is long kept)
        {
            tracker.Clock.Store(kept);
        }

        if (!leavesRows)
        {
            tracker.Catalog.Marks.SetExamined(table, keepLost);
        }
    }

    /// <summary>Refuses what needs the clocks of all rows.</summary>
    /// <param name="table">The table.</param>
    /// <param name="function">The function that was called.</param>
    public static void RequireNoPendingRows(TrackedTable table, string function)
    {
        if (table.HasPendingRows)
        {
            throw Errors.BadArgument(function, $"the backfill of {table.Name} is not finished: call cloudsync_backfill_run('{table.Name}') first");
        }
    }

    private static void Initialize(Tracker tracker, string table, CrdtAlgorithm crdt, Action<TrackedTable>? postpone)
    {
        Connection connection = tracker.Session.Connection;
        tracker.Catalog.Metadata.Create();
        tracker.Session.Transaction.Join();
        tracker.Session.Refresh();
        string name = tracker.Catalog.StoredName(table) ?? table;
        RequireClockName(tracker, name);
        bool isNew = tracker.Catalog.Find(name) == null;
        ClockTable.Create(connection, name);
        tracker.Catalog.Settings.SetAlgorithm(name, crdt);
        Reread(tracker, name);
        TrackedTable tracked = tracker.Catalog.Require(name);
        BringUpToDate(tracker, tracked, _ => { }, keepLost: false, postpone != null || tracked.HasPendingRows, isNew);
        if (isNew)
        {
            tracker.Catalog.Marks.Set(tracked, TableMarks.Whole, "1");
        }

        if (!tracked.HasPendingRows)
        {
            postpone?.Invoke(tracked);
        }

        Reread(tracker, name, isSameTable: true);
    }

    /// <summary>Reads a table again. What was found damaged is about tables that are none: they may be now.</summary>
    public static void Reread(Tracker tracker, string name, bool isSameTable = false)
    {
        if (tracker.Catalog.Damage.First != null)
        {
            tracker.Session.Invalidate();
            tracker.Session.Refresh();
            return;
        }

        tracker.Session.Reread(name, isSameTable);
    }

    /// <summary>Refuses a table whose clock table would have the name of another table.</summary>
    private static void RequireClockName(Tracker tracker, string name)
    {
        string clock = name + TrackedTable.ClockSuffix;
        if (tracker.Catalog.Find(name) != null || tracker.Catalog.FindBaseTable(clock) == null)
        {
            return;
        }

        tracker.Session.Invalidate();
        tracker.Session.Refresh();
        if (tracker.Catalog.Find(name) == null)
        {
            throw Errors.Refused($"table {name} cannot be tracked: the name of its sync metadata, {clock}, belongs to a"
                + " table with other columns; rename that one");
        }
    }

    /// <summary>Whether there is nothing to do, at a cost that does not depend on the number of rows: nothing is locked or written then.
    /// Pending rows are left to their fill. Others are looked for where none have been looked for with these columns, where the triggers are not
    /// the right ones, and where there is a mark.</summary>
    private static bool IsUpToDate(Tracker tracker, string name) =>
        tracker.Catalog.Find(name) is TrackedTable table
        && table.PositionIndex != null
        && (table.HasPendingRows || (table.Uncaptured == null && table.Examined == TableMarks.Fingerprint(table)))
        && tracker.Watch.HasOwnTriggers(table) && tracker.Catalog.Metadata.IsComplete() && tracker.Catalog.Schema.IsCurrent;

    private static CrdtAlgorithm Check(Tracker tracker, string table, string? algorithm, long flags)
    {
        if (Encoding.UTF8.GetByteCount(table) > MaxNameBytes)
        {
            throw Errors.Refused($"Table name cannot be longer than {MaxNameBytes} characters");
        }

        if (tracker.Catalog.FindBaseTable(table) == null)
        {
            throw Errors.Refused($"Table {table} does not exist");
        }

        TableKind.RequireOrdinary(tracker.Session.Connection, tracker.Catalog, table);
        List<TableColumn> columns = tracker.Catalog.ReadColumns(table);
        List<TableColumn> keys = columns.FindAll(column => column.IsKey);
        if (keys.Count == 0)
        {
            throw Errors.Refused("Rowid only tables are not supported, all primary keys must be explicitly set"
                + $" (table {table}): declare a PRIMARY KEY; its columns may be nullable, but a row with a NULL in one is refused");
        }

        if (keys.Count > MaxKeyColumns)
        {
            throw Errors.Refused($"No more than {MaxKeyColumns} columns can be used to form a composite primary key");
        }

        bool integerKey = keys.Count == 1 && keys[0].DeclaredType.Contains("INT", StringComparison.OrdinalIgnoreCase);
        if (integerKey && (flags & AllowIntegerKey) == 0)
        {
            throw Errors.Refused($"Table {table} uses a single-column INTEGER primary key. For CRDT replication,"
                + " primary keys must be globally unique. Consider using a TEXT primary key with UUIDs or ULID to avoid conflicts across"
                + " nodes. If you understand the risk and still want to use this INTEGER primary key, set the third argument of the"
                + " cloudsync_init function to 1 to skip this check.");
        }

        List<TableColumn> refused = columns.FindAll(column => !column.IsKey && column.NotNull && !column.HasDefault);
        if (refused.Count > 0 && (flags & AllowNotNullWithoutDefault) == 0)
        {
            throw Errors.Refused($"All non-primary key columns declared as NOT NULL must have a DEFAULT value. (table {table}): there is none for"
                + $" {string.Join(", ", refused.Select(column => column.Name))}");
        }

        if ((flags & AllowKeyCollation) == 0)
        {
            RequireBinaryKeys(tracker, table, keys);
        }

        return CheckAlgorithm(tracker, table, algorithm);
    }

    /// <summary>Refuses a table that is not tracked yet when a column of its key has another collation than BINARY.</summary>
    private static void RequireBinaryKeys(Tracker tracker, string table, List<TableColumn> keys)
    {
        // One that is tracked has rows elsewhere: it goes on, also when more of its metadata than its clocks is gone.
        bool isTracked = tracker.Catalog.Find(table) != null || tracker.Catalog.FindBaseTable(table + TrackedTable.ClockSuffix) != null;
        if (isTracked || KeyCollation.FirstNotBinary(tracker.Session.Connection, table, keys) is not (string Column, string Collation) found)
        {
            return;
        }

        throw Errors.Refused($"The key column {found.Column} of table {table} has the collation {found.Collation}: keys"
            + " with other bytes can be equal by it ('K' and 'k' by NOCASE), and replicas that each insert one of them have two rows, of which"
            + " one has to go. Make the table with the collation BINARY for its key, the default: leave COLLATE away, in the column and in"
            + $" PRIMARY KEY(…). If you understand the risk and still want to use the collation {found.Collation}, add 4 to the third argument"
            + " of the cloudsync_init function to skip this check.");
    }

    private static CrdtAlgorithm CheckAlgorithm(Tracker tracker, string table, string? name)
    {
        CrdtAlgorithm algorithm = name == null ? CrdtAlgorithm.CausalLengthSet : CrdtAlgorithms.Find(name)
            ?? throw Errors.Refused(AsciiNames.Lower(name) is "dws" or "deletewinsset" or "aws" or "addwinsset"
                ? $"CRDT algorithm {name} is not yet supported"
                : $"Unknown CRDT algorithm name {name}");
        TrackedTable? tracked = tracker.Catalog.Find(table);
        return tracked == null || tracked.Algorithm == algorithm || !tracked.IsConfigured
            ? algorithm
            : throw Errors.Misuse("The function cloudsync_cleanup(table) must be called before changing a table algorithm");
    }
}
