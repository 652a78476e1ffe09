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
    /// <param name="replica">The connection's state.</param>
    /// <param name="table">The table's name as the user gave it; null for SQL NULL.</param>
    /// <param name="algorithm">The CRDT's name; null for the default.</param>
    /// <param name="flags">Checks to leave out.</param>
    /// <returns>The local site id in hex.</returns>
    public static string Run(Replica replica, string? table, string? algorithm, long flags)
    {
        if (table == null)
        {
            throw new EngineException(ResultCode.Error, "cloudsync_init requires a non-null table parameter");
        }

        replica.RefuseDuringMerge("cloudsync_init");
        replica.Refresh();
        CrdtAlgorithm crdt = Check(replica, table, algorithm, flags);
        if (!IsUpToDate(replica, table))
        {
            InSavepoint(replica, InitSavepoint, () => Initialize(replica, table, crdt), dropsTables: !replica.Sites.HasLocal);
            replica.Refresh();
        }

        _ = replica.ReplaceTriggers.TryInstall();
        return Uuid7.Format(replica.Sites.Local, dashes: false);
    }

    /// <summary>Brings a tracked table's metadata up to date with its columns and rows, inside the savepoint of the caller: triggers, clocks
    /// of columns that are gone, schema hash, rows and columns without clocks.</summary>
    /// <param name="replica">The connection's state, refreshed.</param>
    /// <param name="table">The table.</param>
    /// <param name="before">What is captured or forgotten before rows without clocks are looked for.</param>
    /// <param name="keepLost">Whether what happened while the triggers were gone goes on being unknown.</param>
    public static void BringUpToDate(Replica replica, TrackedTable table, Action<TrackedTable> before, bool keepLost)
    {
        replica.Watch.RequireKey(table);
        long floor = replica.Clock.Highest;
        TriggerSet.Update(replica.Connection, table.Name, table.Columns, table.Algorithm, table.Filter);
        replica.Schema.Update();
        replica.Clock.Raise(floor);
        before(table);

        // Not earlier: of a row that was deleted they may be all that says that it lived.
        LostColumns.Forget(replica.Connection, table);
        ExistingRows.Capture(replica, table);
        replica.Clock.Store(floor);
        replica.Marks.SetExamined(table, keepLost);
    }

    /// <summary>Runs changes of metadata in a savepoint; after a failure nothing has changed, and cached metadata is read again
    /// either way.</summary>
    public static void InSavepoint(Replica replica, string name, Action body, bool dropsTables = false)
    {
        Savepoint savepoint = replica.Savepoint(name, withoutReader: dropsTables);
        savepoint.Begin();
        try
        {
            body();
            replica.Invalidate();
            savepoint.Release();
        }
        catch
        {
            savepoint.Undo();
            replica.Invalidate();
            throw;
        }
    }

    private static void Initialize(Replica replica, string table, CrdtAlgorithm crdt)
    {
        Connection connection = replica.Connection;
        MetadataSchema.CreateInternal(replica);
        replica.Transaction.Join();
        string name = replica.Tables.StoredName(table) ?? table;
        RequireClockName(replica, name);
        bool isNew = replica.Tables.Find(name) == null;
        MetadataSchema.CreateClockTable(connection, name);
        using (Statement setting = connection.Prepare(
            "INSERT INTO main.cloudsync_table_settings(tbl_name, col_name, key, value) VALUES (?1, '*', 'algo', ?2)"
            + " ON CONFLICT(tbl_name, col_name, key) DO UPDATE SET value = excluded.value"
            + " WHERE lower(value) NOT IN ('cls', 'gos', 'causallengthset', 'growonlyset')"))
        {
            setting.Bind(1, name).Bind(2, crdt == CrdtAlgorithm.GrowOnlySet ? "gos" : "cls");
            setting.Run();
        }

        replica.Invalidate();
        replica.Refresh();
        TrackedTable tracked = replica.Tables.Require(name);
        BringUpToDate(replica, tracked, _ => { }, keepLost: false);
        if (isNew)
        {
            replica.Marks.Set(tracked, TableMarks.Whole, "1");
        }
    }

    /// <summary>Refuses a table whose clock table would have the name of another table.</summary>
    private static void RequireClockName(Replica replica, string name)
    {
        string clock = name + TrackedTable.ClockSuffix;
        if (replica.Tables.Find(name) != null || replica.Tables.FindBaseTable(clock) == null)
        {
            return;
        }

        replica.Invalidate();
        replica.Refresh();
        if (replica.Tables.Find(name) == null)
        {
            throw new EngineException(ResultCode.Error, $"table {name} cannot be tracked: the name of its sync metadata, {clock}, belongs to a"
                + " table with other columns; rename that one");
        }
    }

    /// <summary>Whether there is nothing to do, at a cost that does not depend on the number of rows: nothing is locked or written then.
    /// Rows are looked for where none have been looked for with these columns, where the triggers are not the right ones, and where somebody
    /// left a mark.</summary>
    private static bool IsUpToDate(Replica replica, string name) =>
        replica.Tables.Find(name) is TrackedTable table
        && table.PositionIndex != null && table.Uncaptured == null && table.Examined == TableMarks.Fingerprint(table)
        && replica.Watch.HasOwnTriggers(table) && MetadataSchema.IsComplete(replica.Connection) && replica.Schema.IsCurrent;

    private static CrdtAlgorithm Check(Replica replica, string table, string? algorithm, long flags)
    {
        if (Encoding.UTF8.GetByteCount(table) > MaxNameBytes)
        {
            throw new EngineException(ResultCode.Error, $"Table name cannot be longer than {MaxNameBytes} characters");
        }

        if (replica.Tables.FindBaseTable(table) == null)
        {
            throw new EngineException(ResultCode.Error, $"Table {table} does not exist");
        }

        TableKind.RequireOrdinary(replica, table);
        List<TableColumn> columns = replica.Tables.ReadColumns(table);
        List<TableColumn> keys = columns.FindAll(column => column.IsKey);
        if (keys.Count == 0)
        {
            throw new EngineException(ResultCode.Error, "Rowid only tables are not supported, all primary keys must be explicitly set"
                + $" (table {table}): declare a PRIMARY KEY; its columns may be nullable, but a row with a NULL in one is refused");
        }

        if (keys.Count > MaxKeyColumns)
        {
            throw new EngineException(
                ResultCode.Error, $"No more than {MaxKeyColumns} columns can be used to form a composite primary key");
        }

        bool integerKey = keys.Count == 1 && keys[0].DeclaredType.Contains("INT", StringComparison.OrdinalIgnoreCase);
        if (integerKey && (flags & AllowIntegerKey) == 0)
        {
            throw new EngineException(ResultCode.Error, $"Table {table} uses a single-column INTEGER primary key. For CRDT replication,"
                + " primary keys must be globally unique. Consider using a TEXT primary key with UUIDs or ULID to avoid conflicts across"
                + " nodes. If you understand the risk and still want to use this INTEGER primary key, set the third argument of the"
                + " cloudsync_init function to 1 to skip this check.");
        }

        List<TableColumn> refused = columns.FindAll(column => !column.IsKey && column.NotNull && !column.HasDefault);
        if (refused.Count > 0 && (flags & AllowNotNullWithoutDefault) == 0)
        {
            throw new EngineException(ResultCode.Error,
                $"All non-primary key columns declared as NOT NULL must have a DEFAULT value. (table {table}): there is none for"
                + $" {string.Join(", ", refused.Select(column => column.Name))}");
        }

        if ((flags & AllowKeyCollation) == 0)
        {
            RequireBinaryKeys(replica, table, keys);
        }

        return CheckAlgorithm(replica, table, algorithm);
    }

    /// <summary>Refuses a table that is not tracked yet when a column of its key has another collation than BINARY.</summary>
    private static void RequireBinaryKeys(Replica replica, string table, List<TableColumn> keys)
    {
        // One that is tracked has rows elsewhere: it goes on, also when more of its metadata than its clocks is gone.
        bool isTracked = replica.Tables.Find(table) != null || replica.Tables.FindBaseTable(table + TrackedTable.ClockSuffix) != null;
        if (isTracked || KeyCollation.FirstNotBinary(replica.Connection, table, keys) is not (string Column, string Collation) found)
        {
            return;
        }

        throw new EngineException(ResultCode.Error, $"The key column {found.Column} of table {table} has the collation {found.Collation}: keys"
            + " with other bytes can be equal by it ('K' and 'k' by NOCASE), and replicas that each insert one of them have two rows, of which"
            + " one has to go. Make the table with the collation BINARY for its key, the default: leave COLLATE away, in the column and in"
            + $" PRIMARY KEY(…). If you understand the risk and still want to use the collation {found.Collation}, add 4 to the third argument"
            + " of the cloudsync_init function to skip this check.");
    }

    private static CrdtAlgorithm CheckAlgorithm(Replica replica, string table, string? name)
    {
        CrdtAlgorithm algorithm = name?.ToUpperInvariant() switch
        {
            null or "CLS" or "CAUSALLENGTHSET" => CrdtAlgorithm.CausalLengthSet,
            "GOS" or "GROWONLYSET" => CrdtAlgorithm.GrowOnlySet,
            "DWS" or "DELETEWINSSET" or "AWS" or "ADDWINSSET" => throw new EngineException(
                ResultCode.Error, $"CRDT algorithm {name} is not yet supported"),
            _ => throw new EngineException(ResultCode.Error, $"Unknown CRDT algorithm name {name}"),
        };
        TrackedTable? tracked = replica.Tables.Find(table);
        return tracked == null || tracked.Algorithm == algorithm || !tracked.IsConfigured
            ? algorithm
            : throw new EngineException(
                ResultCode.Misuse, "The function cloudsync_cleanup(table) must be called before changing a table algorithm");
    }
}
