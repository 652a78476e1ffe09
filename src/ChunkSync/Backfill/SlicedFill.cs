using ChunkSync.Catalog;
using ChunkSync.Clock;
using ChunkSync.Session;
using ChunkSync.Sqlite;
using ChunkSync.Tracking;

namespace ChunkSync.Backfill;

/// <summary>Captures the rows of a table that are older than its tracking, in short transactions where <c>cloudsync_init</c> takes one. Each
/// slice has a db_version of its own: no reader's cursor lies inside one that is not whole.</summary>
internal sealed class SlicedFill(Tracker tracker, PendingRows pending, FillStates states)
{
    /// <summary>Rows of a slice where nothing else is said.</summary>
    public const long DefaultRows = 1000;

    private const string Savepoint = "chunksync_backfill";

    private SyncSession Session => tracker.Session;

    private TableCatalog Catalog => tracker.Catalog;

    private VersionClock Clock => tracker.Clock;

    /// <summary>Makes a table tracked without capturing its rows, or begins to look through one that is tracked. A fill that is under way stays
    /// where it is.</summary>
    /// <returns>The local site id in hex.</returns>
    public string Begin(string? table, string? algorithm, long flags)
    {
        const string Function = "cloudsync_backfill_begin";
        if (table == null)
        {
            throw Errors.Refused(Function + " requires a non-null table parameter");
        }

        Session.RefuseDuringMerge(Function);
        return TableInitializer.Run(tracker, table, algorithm, flags, Start);
    }

    /// <summary>Captures a slice, in a transaction of its own or inside the caller's.</summary>
    /// <param name="name">The table.</param>
    /// <param name="maxRows">The most rows to visit, at least 1.</param>
    /// <param name="maxMilliseconds">When to end early; 0 for never.</param>
    /// <param name="function">The function that was called.</param>
    /// <returns>Rows visited; 0 when none is left.</returns>
    public long Step(string name, long maxRows, long maxMilliseconds, string function)
    {
        Session.RefuseDuringMerge(function);
        Session.Refresh();
        TrackedTable? table = Catalog.Find(name);
        if (table is not { HasPendingRows: true })
        {
            return table != null && states.Find(table.Name) is { IsDone: true } ? 0 : throw NotBegun(name, function);
        }

        RequireTable(table, function);
        VersionClock.State saved = Clock.Save();
        bool owns = Session.Connection.IsAutocommit;
        try
        {
            return Slice(table.Name, maxRows, maxMilliseconds, function);
        }
        catch
        {
            if (!owns && !Session.Connection.IsAutocommit)
            {
                Clock.Restore(saved);
            }

            throw;
        }
    }

    /// <summary>Captures slices until none is left. Between two of them the write lock is free.</summary>
    /// <returns>Rows visited.</returns>
    public long Run(string name, long maxRows, long maxMilliseconds, string function)
    {
        if (!Session.Connection.IsAutocommit)
        {
            throw Errors.BadArgument(function, "call it outside a transaction, or use cloudsync_backfill_step");
        }

        long all = 0;
        long rows;
        FillPause pause = new();
        do
        {
            pause.Begin();
            rows = Step(name, maxRows, maxMilliseconds, function);
            all += rows;
        }
        while (rows > 0 && Catalog.Find(name) is { HasPendingRows: true } && pause.End());
        return all;
    }

    /// <summary>The fills that are under way or done, with their positions as JSON.</summary>
    public List<(FillState State, string? Position)> Progress()
    {
        Session.Refresh();
        List<(FillState, string?)> fills = [];
        foreach (FillState state in states.All())
        {
            TrackedTable? table = Catalog.Find(state.Table);

            // A fill without its mark was lost when the table's settings were written again by other software.
            if (table != null && table.HasPendingRows == !state.IsDone)
            {
                using Cut? position = table.Columns.Length == 0 || state.Position == null ? null : pending.Of(table).Read(state);
                fills.Add((state with { Table = table.Name }, position == null ? null : pending.Of(table).Json(position)));
            }
        }

        return fills;
    }

    private EngineException NotBegun(string name, string function)
    {
        string lost = Catalog.Find(name) != null && states.Find(name) != null
            ? " (one was, and the table's settings in cloudsync_table_settings are others now)"
            : "";
        return Catalog.Damage.Unknown(name, ResultCode.Error,
            $"{function}: table {name} has no backfill; begin one with cloudsync_backfill_begin('{name}'){lost}");
    }

    private static void RequireTable(TrackedTable table, string function)
    {
        if (table.Columns.Length == 0)
        {
            throw Errors.BadArgument(function, $"table {table.Name} does not exist; create it again, or call"
                + $" SELECT cloudsync_cleanup('{table.Name}') to end its tracking");
        }
    }

    /// <summary>Begins a fill, inside the savepoint that made the table tracked. What the last look at all rows has left to do is done by this
    /// one.</summary>
    private void Start(TrackedTable table)
    {
        states.Create();
        using Statement count = Session.Connection.Prepare($"SELECT count(*), EXISTS (SELECT 1 FROM {table.QuotedClock}) FROM {table.Quoted}");
        count.Step();
        states.Store(new FillState(table.Name, pending.Of(table).Shape, null) { RowsTotal = count.Int64(0) });
        Catalog.Marks.Set(table, TableMarks.Pending, count.Int64(1) == 0 ? TableMarks.RowsPending : TableMarks.ColumnsPending);
        Catalog.Marks.Remove(table, TableMarks.Uncaptured);
    }

    private long Slice(string name, long maxRows, long maxMilliseconds, string function)
    {
        using TransactionScope scope = Session.BeginTransaction(Savepoint);
        long rows = Visit(name, maxRows, maxMilliseconds, function);
        scope.Complete();
        Session.Refresh();
        return rows;
    }

    private long Visit(string name, long maxRows, long maxMilliseconds, string function)
    {
        Session.Transaction.Join();
        Session.Refresh();
        tracker.Watch.Restore();
        if (Catalog.Find(name) is not { HasPendingRows: true } table)
        {
            // Another connection has done the rest while this one waited for the lock.
            return 0;
        }

        RequireTable(table, function);
        Clock.Advance();
        FillTable fill = pending.Of(table);
        FillState state = states.Find(name) ?? new FillState(name, "", null);
        bool isOther = state.Shape != fill.Shape;
        if (isOther)
        {
            state = state with { Shape = fill.Shape, Position = null, RowsDone = 0 };
            Catalog.Marks.Set(table, TableMarks.Pending, TableMarks.ColumnsPending);
        }

        using Cut? from = fill.Read(state);
        using FillWalk walk = new(table, fill, from, maxRows, maxMilliseconds);
        tracker.Rows.Capture(table, walk, addsColumns: isOther || table.HasPendingColumns);
        Store(table, fill, state, walk);
        if (isOther)
        {
            Session.Invalidate();
        }

        Clock.Advance();
        return walk.Rows;
    }

    private void Store(TrackedTable table, FillTable fill, FillState state, FillWalk walk)
    {
        long? version = Clock.Pending > 0 ? Clock.Pending : null;
        Cut? last = walk.Position;
        using KeyTuple? end = last == null && walk.Rows > 0 ? fill.Search.Last(null, out _) : null;
        using Cut? atEnd = end == null ? null : new Cut(end.Take(end.Length), isAfter: true);
        states.Create();
        states.Store(state with
        {
            IsDone = walk.IsAtEnd,
            Position = (last ?? atEnd) is Cut position ? CutFormat.Bytes(position) : state.Position,
            RowsDone = state.RowsDone + walk.Rows,
            Slices = state.Slices + (walk.Rows > 0 ? 1 : 0),
            FirstVersion = state.FirstVersion ?? version,
            LastVersion = version ?? state.LastVersion,
        });
        if (walk.IsAtEnd)
        {
            // A mark that was left meanwhile stays: rows that were done already may have been written then.
            Catalog.Marks.Remove(table, TableMarks.Pending);
            Catalog.Marks.Set(table, TableMarks.Examined, TableMarks.Fingerprint(table));
            Session.Invalidate();
        }
    }
}
