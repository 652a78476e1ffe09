using ChunkSync.Catalog;
using ChunkSync.Clock;
using ChunkSync.Keys;
using ChunkSync.Session;
using ChunkSync.Sqlite;

namespace ChunkSync.Capture;

/// <summary>What the triggers of tracked tables call: finds the table, encodes the key, writes the clocks.</summary>
internal sealed unsafe class LocalCapture
{
    /// <summary>SQLite 3.40, known to do rightly what 3.35 does not; where between the two that began is not known.</summary>
    private const int KnownRight = 3_040_000;

    /// <summary>Bytes of a table name that are remembered between a trigger's two calls; tables with longer ones are looked at.</summary>
    private const int MaxAskedName = 128;

    private readonly SyncSession session;
    private readonly TableCatalog catalog;
    private readonly VersionClock clock;
    private readonly LocalClocks clocks;
    private readonly ReplaceTriggers triggers;
    private readonly ReplacedRows replaced;
    private readonly FilterWatch filters;
    private readonly KeyBuffer key;
    private readonly KeyBuffer oldKey;
    private readonly TriggerOrigin origin;
    private readonly Statement reverse;
    private readonly UpdatedRow updated;
    private ITreeLogs? trees;

    /// <summary>Whether the failure that is looked at came out of a tree's log.</summary>
    private bool isAppending;

    /// <summary>The table that <c>cloudsync_is_sync</c> was asked about last, and how many rows the connection had written by then. A trigger
    /// asks right before it captures: a call without that question is no trigger's.</summary>
    private readonly byte[] asked = new byte[MaxAskedName];
    private int askedLength = -1;
    private int askedAt;

    /// <summary>Prepares capture on a connection.</summary>
    public LocalCapture(SyncSession session, TableCatalog catalog, VersionClock clock, LocalClocks clocks, ReplaceTriggers triggers,
        ReplacedRows replaced, FilterWatch filters)
    {
        this.session = session;
        this.catalog = catalog;
        this.clock = clock;
        this.clocks = clocks;
        this.triggers = triggers;
        this.replaced = replaced;
        this.filters = filters;
        key = new KeyBuffer(session.Connection);
        oldKey = new KeyBuffer(session.Connection);
        origin = new TriggerOrigin(session);
        reverse = session.Connection.Prepare("PRAGMA reverse_unordered_selects");
        updated = new UpdatedRow(key, oldKey);
    }

    /// <summary>Gives it who hears of moves in trees.</summary>
    public void Hand(ITreeLogs logs) => trees = logs;

    /// <summary>Whose trigger calls.</summary>
    public TriggerOrigin Origin => origin;

    /// <summary>Whether a failure of ours would leave what the host's statement did: SQLite 3.35 undoes an UPDATE or DELETE inside a
    /// transaction for a function's error in a trigger only when something else in it can fail. SQLITE_FULL is undone always, with the
    /// transaction where there is no other way, and so are the other three.</summary>
    public bool LeavesRowsBehind(EngineException failure)
    {
        bool wasAppending = isAppending;
        isAppending = false;
        return IsOld && !wasAppending && !session.Connection.IsAutocommit
            && ResultCode.Primary(failure.Code) is not (ResultCode.Interrupt or ResultCode.NoMem or ResultCode.IoErr or ResultCode.Full);
    }

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
            throw Errors.Refused(function + " requires a table name and the values of its key");
        }

        bool isTrigger = WasAsked(arguments[0].Text);
        TrackedTable table = Table(arguments[0], function);
        if (isTrigger)
        {
            ReadKey(table, arguments[1..], function, isDelete);
            WriteRow(table, isDelete);
            if (table.TreeOfLog != null && !isDelete)
            {
                // What makes operations can fail by itself, so SQLite of every version undoes the statement around it.
                isAppending = true;
                trees?.Appended(table, arguments[1..]);
                isAppending = false;
            }

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
            throw UpdatedRow.TableGone(table, function);
        }

        if (values.Length != table.KeyColumns.Length)
        {
            throw Errors.BadArgument(function, $"table {table.Name} has {table.KeyColumns.Length} key columns, {values.Length} values were given");
        }

        key.Begin(values.Length);
        foreach (Value value in values)
        {
            if (value.IsNull)
            {
                throw UpdatedRow.NullKey(isDelete ? "Delete" : "Insert", table);
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
                replaced.Deleted(table, key);
            }
            else
            {
                clocks.Pending(table)?.CaptureReplaced(table, key);
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
            if (isUpdate ? updated.Touches(guard) : guard.WatchesInserts)
            {
                triggers.Require(table, guard);
            }

            replaced.Written(table, key, isUpdate ? oldKey : key);
        }
    }

    /// <summary>One column of an AFTER UPDATE trigger: first the key's, then the others, in declaration order.</summary>
    public void UpdateColumn(Value name, Value newValue, Value oldValue)
    {
        try
        {
            TrackedTable table = updated.Table ?? BeginUpdate(name, newValue, oldValue);
            updated.Add(table, newValue, oldValue);
        }
        catch (EngineException)
        {
            // SQLite still calls the end of the aggregate: there is nothing to write then.
            updated.Abandon();
            throw;
        }
    }

    private TrackedTable BeginUpdate(Value name, Value newValue, Value oldValue)
    {
        bool isDirect = !WasAsked(name.Text);
        RefuseReversedColumns();
        TrackedTable table = Table(name, "cloudsync_update");
        updated.Begin(table, isDirect, newValue, oldValue);
        return table;
    }

    /// <summary>The end of an AFTER UPDATE trigger's columns.</summary>
    public void UpdateRow()
    {
        if (updated.Table is not { } table)
        {
            return;
        }

        int columns = updated.End(table);
        if (!updated.IsDirect)
        {
            if (updated.IsInsert || updated.IsDelete)
            {
                WriteRow(table, updated.IsDelete);
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
            throw Errors.Aborted("cloudsync_update: another connection changed what is tracked, call it again");
        }

        DirectCapture.RequireRow(session, table, key, "cloudsync_update", exists: true);
        if (updated.KeyChanged)
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
            if (clocks.Pending(table) is IPendingRows pending)
            {
                CapturePending(pending, table);
            }

            if (table.Filter != null && !updated.IsDirect && WriteFiltered(table, columns, writer))
            {
                return;
            }

            if (updated.KeyChanged)
            {
                writer.ChangeKey(oldKey, key);
            }

            // A trigger from before ADD COLUMN does not pass the columns behind: whether they changed is not known, so they did.
            bool[] changed = updated.Changed;
            for (int i = 0; i < table.ValueColumns.Length; i++)
            {
                if (i < columns ? changed[i] : !updated.IsDirect)
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

    /// <summary>Captures the updated row as it was before, and as far as is known the one that it replaced.</summary>
    private void CapturePending(IPendingRows pending, TrackedTable table)
    {
        if (updated.IsDirect && !updated.KeyChanged)
        {
            pending.CaptureStored(table, key.Bytes);
        }
        else if (!filters.TakeEntered(oldKey))
        {
            pending.Capture(table, oldKey);
        }

        if (updated.KeyChanged)
        {
            pending.CaptureReplaced(table, key);
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

        if (!updated.KeyChanged && filters.Rows(table).IsHidden(key))
        {
            updated.Changed.AsSpan(columns).Fill(true);
            filters.Rows(table).Show(key, writer, updated.Changed);
            return true;
        }

        return false;
    }

    /// <summary>Forgets an update whose statement failed between its columns.</summary>
    public void AbandonUpdate() => updated.Abandon();

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
            throw Errors.Refused("cloudsync_update: under PRAGMA reverse_unordered_selects this version of SQLite passes"
                + " the columns of a row in reverse; switch the setting off to update tracked tables, or use SQLite 3.40 or newer");
        }
    }

    /// <summary>The tracked table of that name, as it is now.</summary>
    private TrackedTable Table(Value name, string function)
    {
        if (session.IsCapturing)
        {
            throw Errors.BadArgument(function, "a trigger on a clock table must not write to a tracked table");
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
}
