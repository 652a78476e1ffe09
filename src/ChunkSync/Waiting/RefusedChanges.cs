using ChunkSync.Catalog;
using ChunkSync.Clock;
using ChunkSync.Format;
using ChunkSync.Keys;
using ChunkSync.Merge;
using ChunkSync.Session;
using ChunkSync.Tracking;

namespace ChunkSync.Waiting;

/// <summary>What becomes of changes that tables refuse: arranged at the end of the call, or kept until what they need has come.</summary>
internal sealed unsafe class RefusedChanges : IWaitingChanges, IWaitingRows, IDisposable
{
    private const long DefaultBudget = 64;

    /// <summary>Rows that are tried first of those that need one which was written.</summary>
    private const int FirstNeeded = 1024;

    private readonly SyncSession session;
    private readonly VersionClock clock;
    private readonly MergeEngine merge;
    private readonly GroupWriter groups;
    private readonly RowAttempt attempt;
    private readonly RowTrial trial;
    private readonly RefusedRowKeeper keeper;
    private readonly Settler settler;
    private readonly DeferredKeys deferred;
    private readonly WaitingQueue queue;
    private readonly RefusedRows single = new();
    private readonly RowChanges changes = new();
    private readonly RollbackTriggers rollingBack;

    public RefusedChanges(SyncSession session, TableCatalog catalog, TableKeys keys, VersionClock clock, MergeEngine merge)
    {
        this.session = session;
        this.clock = clock;
        this.merge = merge;
        Store = new WaitingStore(session);
        groups = new GroupWriter(session, clock, merge);
        attempt = new RowAttempt(merge, groups, Store);
        Blockers blockers = new(session.Connection, catalog, keys, merge);
        trial = new RowTrial(session, merge, groups, attempt, blockers);
        deferred = new DeferredKeys(session);
        settler = new Settler(session, clock, keys, merge, Store, attempt, trial, blockers, deferred);
        queue = new WaitingQueue(session, catalog);
        keeper = new RefusedRowKeeper(catalog, clock, merge, Store, queue, attempt, trial, settler);
        Ignored = new IgnoredChanges(session, catalog);
        rollingBack = new RollbackTriggers(session.Connection);
    }

    /// <summary>What is dropped on arrival.</summary>
    public IgnoredChanges Ignored { get; }

    /// <summary>What is stored.</summary>
    public WaitingStore Store { get; }

    public bool Any => Store.Any;

    /// <summary>Hears of calls and of what they do; null where nobody asks.</summary>
    public IMergeWatch? Watch => merge.Watch;

    /// <summary>Statements that groups were written with beside the first attempt, since the connection was opened.</summary>
    public long Writes => groups.Writes;

    /// <summary>Rows that got a placeholder, since the connection was opened.</summary>
    public long Parkings => settler.Parkings;

    public bool Wait(in ChangeRow change) => Store.Wait(change);

    public bool IsIgnored(in ChangeRow change) => Ignored.Has(change);

    public bool MergeWith(MergeCall call, in AsideGroup group)
    {
        session.Transaction.Join();
        single.Clear();
        single.Add(group);
        bool waited = Store.Any;
        bool isWritten = attempt.Write(call, single, 0) != false;
        if (waited && !Store.Any)
        {
            // The end of the call looks no more at what waits.
            Store.Quota.Tidy();
        }

        return isWritten;
    }

    public bool Settle(MergeCall call)
    {
        merge.Collect(true);
        RefusedRows rows = settler.Rows;
        rows.Clear();
        foreach (ref readonly AsideGroup group in call.Asides)
        {
            if (group.Unknown == RefusalReason.None)
            {
                rows.Add(group);
            }
        }

        if (rows.Count == 0 && call.Asides.Length == 0 && !Store.Any)
        {
            return true;
        }

        bool isUnchanged = call.FirstRefusedAt == session.WrittenRows;

        // What is remembered of the tables goes when the transaction is undone.
        session.Transaction.Join();
        if (Store.Any)
        {
            queue.MakeDueAfterSchemaChange();
            queue.AddDue(rows, session.Settings.Integer(Settings.WaitingBudget) ?? DefaultBudget);
        }

        Store.Quota.Collect();
        try
        {
            Arrange(call, isUnchanged);
            if (!call.Keeps && HasAside(rows))
            {
                merge.AbandonRow();
                return false;
            }

            keeper.Keep(call, rows);
            return true;
        }
        finally
        {
            Store.Quota.EndCollecting();
        }
    }

    public void SwitchBack() => deferred.SwitchBack();

    /// <summary>Tries what waits, until nothing more fits, in the transaction of the caller.</summary>
    /// <param name="call">The call.</param>
    /// <param name="table">Only rows of this table; null for all.</param>
    /// <param name="key">Only this row; null for all.</param>
    /// <returns>The number of rows that do not wait any more.</returns>
    public long Retry(MergeCall call, string? table, byte[]? key)
    {
        long before = queue.Count();
        merge.Enter();
        try
        {
            Store.KeepsTurns = table == null;
            Store.Quota.Collect();
            merge.Collect(true);
            List(table, key);
            Arrange(call, isUnchanged: false);
            keeper.Keep(call, settler.Rows);
            merge.Watch?.Store();
        }
        finally
        {
            Store.KeepsTurns = false;
            Store.Quota.EndCollecting();
            merge.Leave();
        }

        return before - queue.Count();
    }

    /// <summary>The rows that wait; the list is valid until the next call.</summary>
    /// <param name="table">Only rows of this table; null for all.</param>
    /// <param name="key">Only this row; null for all.</param>
    public RefusedRows List(string? table, byte[]? key)
    {
        settler.Rows.Clear();
        queue.AddAll(settler.Rows, table, key);
        return settler.Rows;
    }

    /// <summary>Forgets what is remembered: the database may have changed.</summary>
    public void Forget() => Store.Forget();

    /// <summary>A part of the transaction is gone, and what was read in it.</summary>
    /// <param name="since">When it began, by <see cref="SavepointTimes"/>.</param>
    public void Undone(long since) => Store.Undone(since);

    public void Appeared(TrackedTable table)
    {
        Ignored.Forget(table);
        if (!Store.Any || rollingBack.IsThere())
        {
            // The schema has changed: what waits is due in the next call that can begin anew.
            return;
        }

        // In the transaction of the caller nothing can begin anew.
        using MergeCall call = new(keeps: true, []) { ChecksDeferred = !session.Connection.HasDeferredViolations };
        call.Trace(table.Name);
        try
        {
            Retry(call, table.Name, null);
        }
        catch (AttemptFailedException attempt)
        {
            throw attempt.Failure;
        }
    }

    public void Disappeared(TrackedTable table, IEnumerable<string> columns)
    {
        // Where hashes are matched such changes are refused with their payload, and come again.
        if (!session.Settings.MatchesNamesByReceipt())
        {
            return;
        }

        foreach (string column in columns)
        {
            Ignored.Add(table, column);
            DropColumn(table.Name, column);
        }
    }

    /// <summary>Drops what waits of a column.</summary>
    /// <returns>The number of changes.</returns>
    public long DropColumn(string table, string column)
    {
        if (!Store.Any)
        {
            return 0;
        }

        long dropped = 0;
        byte[] name = System.Text.Encoding.UTF8.GetBytes(column);
        RefusedRows rows = List(table, null);
        fixed (byte* nameBytes = name)
        {
            for (int i = 0; i < rows.Count; i++)
            {
                ChangeRow cell = rows.First(i) with { Column = nameBytes, ColumnLength = name.Length };
                changes.Clear();
                if (Store.Cells.TryRead(cell, changes, out _))
                {
                    WaitingRow row = Store.Open(cell);
                    Store.Remove(changes.All[0], changes.HasOtherSenders, ref row);
                    Store.Close(cell, row);
                    dropped++;
                }
            }
        }

        Store.Quota.Tidy();
        return dropped;
    }

    public void Forget(string table)
    {
        if (!Store.Any)
        {
            return;
        }

        RefusedRows rows = List(table, null);
        for (int i = 0; i < rows.Count; i++)
        {
            Store.RemoveAll(rows.First(i));
        }

        Store.Quota.Tidy();
    }

    public void Dispose()
    {
        keeper.Dispose();
        settler.Dispose();
        trial.Dispose();
        attempt.Dispose();
        groups.Dispose();
        Store.Dispose();
        single.Dispose();
        changes.Dispose();
    }

    /// <summary>Whether any group is left that came with this call.</summary>
    private static bool HasAside(RefusedRows rows)
    {
        for (int i = 0; i < rows.Count; i++)
        {
            if (rows[i].Count > 0 && !rows[i].IsWritten)
            {
                return true;
            }
        }

        return false;
    }

    /// <summary>Arranges the rows of the list, and those that need a row that was written meanwhile.</summary>
    private void Arrange(MergeCall call, bool isUnchanged)
    {
        long since = session.Settings.Integer(Settings.WaitingDbVersion) ?? 0;
        int limit = FirstNeeded;
        settler.Begin(isUnchanged);
        int fit;
        bool goesOn;
        do
        {
            goesOn = true;
            int added = 0;
            bool isAll = true;
            if (Store.Any)
            {
                clock.Advance();
                long reached = clock.Highest;
                added = queue.AddNeeded(settler.Rows, since, limit, out isAll);
                since = isAll ? reached : since;
                settler.Extend(added);
            }

            fit = settler.Rows.Count == 0 ? 0 : settler.Arrange(call);
            if (!isAll)
            {
                // Somebody may have sent a million rows that need the same one. While many of them fit, more are tried.
                goesOn = fit >= added / 4;
                limit = Math.Min(2 * limit, int.MaxValue / 2);
            }
        }
        while (fit > 0 && goesOn && Store.Any && !settler.IsExhausted);
    }
}
