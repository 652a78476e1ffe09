using System.Text;
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

    private readonly SyncSession session;
    private readonly TableCatalog catalog;
    private readonly VersionClock clock;
    private readonly MergeEngine merge;
    private readonly GroupWriter groups;
    private readonly RowAttempt attempt;
    private readonly Blockers blockers;
    private readonly Settler settler;
    private readonly WaitingQueue queue;
    private readonly RefusedRows single = new();
    private readonly RowChanges changes = new();

    public RefusedChanges(SyncSession session, TableCatalog catalog, TableKeys keys, VersionClock clock, MergeEngine merge)
    {
        this.session = session;
        this.catalog = catalog;
        this.clock = clock;
        this.merge = merge;
        Store = new WaitingStore(session);
        groups = new GroupWriter(session, clock, merge);
        attempt = new RowAttempt(merge, groups, Store);
        blockers = new Blockers(session.Connection, catalog, keys, merge);
        settler = new Settler(session, clock, keys, merge, groups, Store, attempt, blockers);
        queue = new WaitingQueue(session, catalog);
    }

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

    public bool IsIgnored(in ChangeRow change) => false;

    public bool MergeWith(MergeCall call, in AsideGroup group)
    {
        session.Transaction.Join();
        single.Clear();
        single.Add(group);
        return attempt.Write(call, single, 0) != false;
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

        // What is remembered of the tables goes when the transaction is undone.
        session.Transaction.Join();
        if (Store.Any)
        {
            queue.MakeDueAfterSchemaChange();
            queue.AddDue(rows, session.Settings.Integer(Settings.WaitingBudget) ?? DefaultBudget);
        }

        Arrange(call);
        if (!call.Keeps && HasAside(rows))
        {
            merge.AbandonRow();
            return false;
        }

        Keep(call, rows);
        return true;
    }

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
            merge.Collect(true);
            List(table, key);
            Arrange(call);
            Keep(call, settler.Rows);
            merge.Watch?.Store();
        }
        finally
        {
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

    public void Forget(string table)
    {
        if (!Store.Any)
        {
            return;
        }

        RefusedRows rows = List(table, null);
        for (int i = 0; i < rows.Count; i++)
        {
            ChangeRow row = rows.First(i);
            if (Store.Find(row) is WaitingRow before)
            {
                Store.RemoveAll(row, before);
            }
        }

        Store.Quota.Tidy();
    }

    public void Dispose()
    {
        settler.Dispose();
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
    private void Arrange(MergeCall call)
    {
        long since = session.Settings.Integer(Settings.WaitingDbVersion) ?? 0;
        settler.Begin();
        int fit;
        do
        {
            int added = 0;
            if (Store.Any)
            {
                clock.Advance();
                long reached = clock.Highest;
                added = queue.AddNeeded(settler.Rows, since);
                since = reached;
                settler.Extend(added);
            }

            fit = settler.Rows.Count == 0 ? 0 : settler.Arrange(call);
        }
        while (fit > 0 && Store.Any && !settler.IsExhausted);
    }

    /// <summary>Stores what could not be arranged: of what waits already only why.</summary>
    private void Keep(MergeCall call, RefusedRows rows)
    {
        long waited = 0;
        foreach (ref readonly AsideGroup aside in call.Asides)
        {
            if (aside.Unknown != RefusalReason.None)
            {
                Store.Create();
                KeepUnknown(call, aside);
                waited++;
            }
        }

        for (int i = 0; i < rows.Count; i++)
        {
            if (!rows[i].IsFurther && rows[i].State != RefusedState.Done)
            {
                waited += KeepRow(call, rows, i) ? 1 : 0;
            }
        }

        merge.AbandonRow();
        merge.Watch?.Settled(call.Asides.Length, waited);
        if (waited > 0)
        {
            Store.Quota.Check(call.Origin.Length == 0 ? "cloudsync_payload_apply" : "cloudsync_payload_receive", call.Origin);
        }

        if (Store.Exist)
        {
            Store.Quota.Tidy();
        }

        if (Store.Any)
        {
            clock.Advance();
            queue.NoteReached(clock.Highest);
        }
    }

    /// <summary>Tries a row once more, which tells why it waits, and stores that with what came of it.</summary>
    private bool KeepRow(MergeCall call, RefusedRows rows, int row)
    {
        ChangeRow first = rows.First(row);
        bool? isWritten = attempt.Write(call, rows, row);
        if (isWritten == true)
        {
            rows[row].State = RefusedState.Done;
            return false;
        }

        bool isAside = rows[row].Count > 0;
        if (isWritten == null)
        {
            if (!isAside)
            {
                Store.Postpone(first);
            }

            return false;
        }

        Blocker? blocker = blockers.Find();
        WaitingReason why = new(
            merge.Refusals.Reason, merge.Refusals.Text, blocker?.Table.Name, blocker?.Key);
        merge.AbandonRow();
        Store.Create();
        attempt.DropLost(first);
        WaitingRow? before = Store.Find(first);
        if (isAside)
        {
            Put(rows, row, first, before);
        }

        if (isAside || before != null)
        {
            byte[] origin = isAside ? call.Origin : before!.Value.Origin;
            Store.Explain(first, before, why, origin, isDue: settler.IsExhausted);
        }

        return isAside;
    }

    /// <summary>Stores the changes of a row's groups that are not written and have not lost.</summary>
    private void Put(RefusedRows rows, int row, in ChangeRow first, in WaitingRow? before)
    {
        changes.Clear();
        for (int entry = row; entry != RefusedRows.None; entry = rows[entry].Next)
        {
            if (!rows[entry].IsWritten)
            {
                changes.Add(rows[entry].Group);
            }
        }

        changes.KeepLatestLife();
        if (changes.Count == 0 || changes.All[0].CausalLength < before?.LatestLife)
        {
            return;
        }

        if (before != null)
        {
            Store.RemoveOlder(first, changes.All[0].CausalLength);
        }

        bool canTell = merge.IsExact(first);
        if (canTell)
        {
            merge.BeginRow(changes.All[0]);
        }

        foreach (ref readonly ChangeRow change in changes.All)
        {
            if (merge.Knows(change) && (!canTell || merge.Current!.Beats(change)))
            {
                Store.Put(change);
            }
        }

        merge.AbandonRow();
    }

    private void KeepUnknown(MergeCall call, in AsideGroup aside)
    {
        ChangeRow change = RowChanges.First(aside);
        TrackedTable? table = catalog.Find(change.TableName);
        if (table != null && IsPast(change))
        {
            return;
        }

        WaitingRow? before = Store.Find(change);
        if (change.CausalLength < before?.LatestLife)
        {
            return;
        }

        if (before != null)
        {
            Store.RemoveOlder(change, change.CausalLength);
        }

        Store.Put(change);
        if (before is WaitingRow known)
        {
            Store.Count(change, known);
            return;
        }

        string text = table == null
            ? $"table {Encoding.UTF8.GetString(change.TableName)} is not tracked here"
            : $"table {table.Name} has no column '{Encoding.UTF8.GetString(change.ColumnName)}' here";
        Store.Explain(change, null, new WaitingReason(aside.Unknown, text, null, null), call.Origin, isDue: false);
    }

    /// <summary>Whether a change belongs to an earlier life of its row than the one here.</summary>
    private bool IsPast(in ChangeRow change)
    {
        if (!merge.IsExact(change))
        {
            return false;
        }

        merge.BeginRow(change);
        bool isPast = !merge.Current!.Beats(change);
        merge.AbandonRow();
        return isPast;
    }
}
