using System.Text;
using ChunkSync.Catalog;
using ChunkSync.Clock;
using ChunkSync.Keys;
using ChunkSync.Session;
using ChunkSync.Sqlite;

namespace ChunkSync.Capture;

/// <summary>What the triggers of tracked tables call: finds the table, encodes the key, writes the clocks.</summary>
internal sealed unsafe class LocalCapture(SyncSession session, TableCatalog catalog, VersionClock clock, LocalClocks clocks, ReplaceTriggers triggers, ReplacedRows replaced, FilterWatch filters)
{
    /// <summary>SQLite 3.40, known to do rightly what 3.35 does not; where between the two that began is not known.</summary>
    private const int KnownRight = 3_040_000;

    /// <summary>Bytes of a table name that are remembered between a trigger's two calls; tables with longer ones are looked at.</summary>
    private const int MaxAskedName = 128;

    private readonly KeyBuffer key = new(session.Connection);
    private readonly KeyBuffer oldKey = new(session.Connection);
    private readonly TriggerOrigin origin = new(session);
    private readonly Statement reverse = session.Connection.Prepare("PRAGMA reverse_unordered_selects");
    private bool[] changed = [];
    private TrackedTable? updating;
    private int updateStep;
    private bool keyChanged;

    /// <summary>Whether the aggregate is called for an INSERT or a DELETE: of a table whose key is too long for one call.</summary>
    private bool isInsert;
    private bool isDelete;
    private bool isDirectUpdate;

    /// <summary>The table that <c>cloudsync_is_sync</c> was asked about last, and how many rows the connection had written by then. A trigger
    /// asks right before it captures: a call without that question is no trigger's.</summary>
    private readonly byte[] asked = new byte[MaxAskedName];
    private int askedLength = -1;
    private int askedAt;

    /// <summary>Whose trigger calls.</summary>
    public TriggerOrigin Origin => origin;

    /// <summary>Whether a failure of ours would leave what the host's statement did: SQLite 3.35 undoes an UPDATE or DELETE inside a
    /// transaction for a function's error in a trigger only when something else in it can fail. SQLITE_FULL is undone always, with the
    /// transaction where there is no other way, and so are the other three.</summary>
    public bool LeavesRowsBehind(EngineException failure) => IsOld && !session.Connection.IsAutocommit
        && ResultCode.Primary(failure.Code) is not (ResultCode.Interrupt or ResultCode.NoMem or ResultCode.IoErr or ResultCode.Full);

    /// <summary>Whether the host's SQLite is one of those.</summary>
    public static bool IsOld => Sqlite3.Api->libversion_number() < KnownRight;

    /// <summary>Whether capture is off for a table: a merge is writing, or the table is disabled on this connection. A table of that name
    /// in an attached database is not disabled with it: its trigger goes on, and is refused. Asked for every row: mostly there is nothing
    /// to look up.</summary>
    public bool IsSuppressed(ReadOnlySpan<byte> name)
    {
        askedLength = name.TryCopyTo(asked) ? name.Length : -1;
        askedAt = session.Connection.TotalChanges;
        if (session.IsMerging && catalog.Find(name) != null)
        {
            return true;
        }

        if (!catalog.IsDisabled(name) || origin.IsAttached(name))
        {
            return false;
        }

        catalog.Disabled.NoteWrite(name);
        return true;
    }

    /// <summary>An AFTER INSERT or AFTER DELETE trigger fired with the row's key.</summary>
    /// <param name="arguments">Table name and key values.</param>
    /// <param name="isDelete">Which of the two.</param>
    public void Row(ReadOnlySpan<Value> arguments, bool isDelete)
    {
        string function = isDelete ? "cloudsync_delete" : "cloudsync_insert";
        if (arguments.IsEmpty)
        {
            throw new EngineException(ResultCode.Error, function + " requires a table name and the values of its key");
        }

        bool isTrigger = WasAsked(arguments[0].Text);
        TrackedTable table = Table(arguments[0], function);
        if (isTrigger)
        {
            ReadKey(table, arguments[1..], function, isDelete);
            WriteRow(table, isDelete);
            return;
        }

        using TransactionScope? direct = DirectCapture.Begin(session);
        table = Table(arguments[0], function);
        ReadKey(table, arguments[1..], function, isDelete);
        DirectCapture.RequireRow(session, table, key, function, exists: !isDelete);
        WriteRow(table, isDelete);
        direct?.Complete();
    }

    private void ReadKey(TrackedTable table, ReadOnlySpan<Value> values, string function, bool isDelete)
    {
        if (table.Columns.Length == 0)
        {
            throw new EngineException(ResultCode.Error, $"{function}: table {table.Name}, for which this trigger was made, is gone. If it was"
                + $" renamed: rename it back, or call SELECT cloudsync_cleanup('{table.Name}') and SELECT cloudsync_init with the new name");
        }

        if (values.Length != table.KeyColumns.Length)
        {
            throw new EngineException(ResultCode.Error,
                $"{function}: table {table.Name} has {table.KeyColumns.Length} key columns, {values.Length} values were given");
        }

        key.Begin(values.Length);
        foreach (Value value in values)
        {
            if (value.IsNull)
            {
                throw NullKey(isDelete ? "Delete" : "Insert", table);
            }

            key.Append(value);
        }
    }

    private void WriteRow(TrackedTable table, bool isDelete)
    {
        if (!isDelete)
        {
            Replace(table);
        }

        CaptureScope scope = session.Capturing();
        try
        {
            if (isDelete)
            {
                clocks.Writer(table).Delete(key);
            }
            else
            {
                clocks.Writer(table).Insert(key);
            }
        }
        finally
        {
            Leave(scope);
        }
    }

    /// <summary>Before a row's own clocks: what it replaced.</summary>
    private void Replace(TrackedTable table, bool isUpdate = false)
    {
        if (triggers.Guard(table) is ReplaceGuard guard)
        {
            if (!isUpdate || IsWatched(guard))
            {
                triggers.Require(table, guard);
            }

            replaced.Written(table, key, isUpdate ? oldKey : key);
        }

    }

    private bool IsWatched(ReplaceGuard guard)
    {
        bool isWatched = keyChanged && guard.WatchesKey;
        for (int i = 0; i < guard.WatchedValues.Length && !isWatched; i++)
        {
            isWatched = changed[i] && guard.WatchedValues[i];
        }

        return isWatched;
    }

    /// <summary>One column of an AFTER UPDATE trigger: first the key's, then the others, in declaration order.</summary>
    public void UpdateColumn(Value name, Value newValue, Value oldValue)
    {
        try
        {
            AddColumn(name, newValue, oldValue);
        }
        catch (EngineException)
        {
            // SQLite still calls the end of the aggregate: there is nothing to write then.
            updating = null;
            throw;
        }
    }

    private void AddColumn(Value name, Value newValue, Value oldValue)
    {
        if (updating == null)
        {
            isDirectUpdate = !WasAsked(name.Text);
            RefuseReversedColumns();
            updating = Table(name, "cloudsync_update");
            int keys = updating.KeyColumns.Length;
            int values = updating.ValueColumns.Length;
            if (changed.Length < values)
            {
                changed = new bool[values];
            }

            key.Begin(keys);
            oldKey.Begin(keys);
            keyChanged = false;
            updateStep = 0;
            bool wide = keys > TriggerSet.MaxKeyArguments;
            isInsert = wide && oldValue.IsNull && !newValue.IsNull;
            isDelete = wide && newValue.IsNull && !oldValue.IsNull;
        }

        TrackedTable table = updating;
        int column = updateStep++ - table.KeyColumns.Length;
        if (column >= table.ValueColumns.Length)
        {
            throw new EngineException(ResultCode.Error, $"cloudsync_update: table {table.Name} has {table.Columns.Length} columns,"
                + " its trigger passes more; alter tracked tables between cloudsync_begin_alter and cloudsync_commit_alter");
        }

        if (column >= 0 && !isInsert && !isDelete)
        {
            changed[column] = Differs(newValue, oldValue);
            return;
        }

        if (isInsert || isDelete)
        {
            AppendOneSide(table, isInsert ? newValue : oldValue, isInsert ? oldValue : newValue);
            return;
        }

        if (newValue.IsNull || oldValue.IsNull)
        {
            throw NullKey("Update", table);
        }

        keyChanged |= Differs(newValue, oldValue);
        key.Append(newValue);
        oldKey.Append(oldValue);
    }

    /// <summary>A key column of an inserted or deleted row. Where the other side has a value, too, or columns follow, it is an update of a
    /// key's first column to or from NULL.</summary>
    private void AppendOneSide(TrackedTable table, Value value, Value other)
    {
        if (!other.IsNull || updateStep > table.KeyColumns.Length)
        {
            throw NullKey("Update", table);
        }

        key.Append(value.IsNull ? throw NullKey(isInsert ? "Insert" : "Delete", table) : value);
    }

    /// <summary>The end of an AFTER UPDATE trigger's columns.</summary>
    public void UpdateRow()
    {
        TrackedTable? table = updating;
        updating = null;
        if (table == null)
        {
            return;
        }

        int columns = updateStep - table.KeyColumns.Length;
        if (columns < 0)
        {
            throw new EngineException(ResultCode.Error, $"cloudsync_update: table {table.Name} has {table.KeyColumns.Length} key"
                + $" columns, {updateStep} were given");
        }

        if (!isDirectUpdate)
        {
            if (isInsert || isDelete)
            {
                WriteRow(table, isDelete);
            }
            else
            {
                WriteColumns(table, columns);
            }

            return;
        }

        using TransactionScope? direct = DirectCapture.Begin(session);
        if (catalog.Find(table.NameUtf8) != table)
        {
            throw new EngineException(ResultCode.Abort, "cloudsync_update: another connection changed what is tracked, call it again");
        }

        DirectCapture.RequireRow(session, table, key, "cloudsync_update", exists: true);
        if (keyChanged)
        {
            DirectCapture.RequireRow(session, table, oldKey, "cloudsync_update", exists: false);
        }

        WriteColumns(table, columns);
        direct?.Complete();
    }

    private void WriteColumns(TrackedTable table, int columns)
    {
        Replace(table, isUpdate: true);
        CaptureScope scope = session.Capturing();
        try
        {
            long dbVersion = clock.Next();
            LocalClockWriter writer = clocks.Writer(table);
            if (table.Filter != null && !isDirectUpdate && WriteFiltered(table, columns, writer))
            {
                return;
            }

            if (keyChanged)
            {
                writer.ChangeKey(oldKey, key);
            }

            // A trigger from before ADD COLUMN does not pass the columns behind: whether they changed is not known, so they did.
            for (int i = 0; i < table.ValueColumns.Length; i++)
            {
                if (i < columns ? changed[i] : !isDirectUpdate)
                {
                    writer.UpsertColumn(key, i, dbVersion);
                }
            }
        }
        finally
        {
            Leave(scope);
        }
    }

    /// <summary>Of an updated row that was outside the filter more is to be written than what this update changed.</summary>
    /// <returns>Whether all is written: the row was never captured, or others know it as deleted.</returns>
    private bool WriteFiltered(TrackedTable table, int columns, LocalClockWriter writer)
    {
        if (!writer.IsAlive(oldKey))
        {
            writer.Insert(key);
            return true;
        }

        if (!keyChanged && filters.Rows(table).IsHidden(key))
        {
            changed.AsSpan(columns).Fill(true);
            filters.Rows(table).Show(key, writer, changed);
            return true;
        }

        return false;
    }

    /// <summary>Forgets an update whose statement failed between its columns.</summary>
    public void AbandonUpdate() => updating = null;

    /// <summary>Frees the buffers.</summary>
    public void Release()
    {
        key.Dispose();
        oldKey.Dispose();
    }

    /// <summary>Under PRAGMA reverse_unordered_selects SQLite 3.35 passes the columns of an updated row in reverse: keys would be taken for
    /// values. Prepared again by SQLite whenever the setting changes, the pragma costs one step.</summary>
    private void RefuseReversedColumns()
    {
        if (!IsOld)
        {
            return;
        }

        bool isReversed = reverse.Step() && reverse.Int64(0) != 0;
        reverse.Reset();
        if (isReversed)
        {
            throw new EngineException(ResultCode.Error, "cloudsync_update: under PRAGMA reverse_unordered_selects this version of SQLite passes"
                + " the columns of a row in reverse; switch the setting off to update tracked tables, or use SQLite 3.40 or newer");
        }
    }

    /// <summary>Whether two values differ: in storage class, or in value by all of their bytes.</summary>
    private static bool Differs(Value left, Value right)
    {
        int type = left.Type;
        if (type != right.Type)
        {
            return true;
        }

        return type switch
        {
            StorageClass.Integer => left.Int64 != right.Int64,
            // By bits: -0.0 equals 0.0 but is another value.
            StorageClass.Real => BitConverter.DoubleToInt64Bits(left.Double) != BitConverter.DoubleToInt64Bits(right.Double),
            StorageClass.Text => !left.Text.SequenceEqual(right.Text),
            StorageClass.Blob => !left.Blob.SequenceEqual(right.Blob),
            _ => false,
        };
    }

    /// <summary>The tracked table of that name, as it is now.</summary>
    private TrackedTable Table(Value name, string function)
    {
        if (session.IsCapturing)
        {
            throw new EngineException(ResultCode.Error, function + ": a trigger on a clock table must not write to a tracked table");
        }

        origin.RequireMain(name.Text);
        session.RefreshInTrigger();
        TrackedTable? table = catalog.Find(name.Text);
        return table ?? throw catalog.Damage.Unknown(
            name.String, ResultCode.Error, $"Unable to retrieve table name {name.String} in {function}.");
    }

    /// <summary>Whether a trigger of the table has just asked if capture is on. To be looked at first: joining a transaction counts as a row
    /// written.</summary>
    private bool WasAsked(ReadOnlySpan<byte> name)
    {
        bool was = askedLength >= 0 && askedAt == session.Connection.TotalChanges && name.SequenceEqual(asked.AsSpan(0, askedLength));
        askedLength = -1;
        return was;
    }

    private void Leave(CaptureScope scope)
    {
        scope.Dispose();
        session.CountChanges();
    }

    private static EngineException NullKey(string operation, TrackedTable table) => new(
        ResultCode.Error, $"{operation} aborted because primary key in table {table.Name} contains NULL values.");
}
