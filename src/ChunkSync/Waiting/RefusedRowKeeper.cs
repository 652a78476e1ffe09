using ChunkSync.Catalog;
using ChunkSync.Clock;
using ChunkSync.Format;
using ChunkSync.Merge;

namespace ChunkSync.Waiting;

/// <summary>Stores what could not be arranged in a call: its changes, why they wait, and which row they need.</summary>
internal sealed unsafe class RefusedRowKeeper(
    TableCatalog catalog, VersionClock clock, MergeEngine merge, WaitingStore store, WaitingQueue queue, RowAttempt attempt, Blockers blockers, Settler settler)
    : IDisposable
{
    private readonly RowChanges changes = new();

    /// <summary>Stores what could not be arranged: of what waits already only why.</summary>
    public void Keep(MergeCall call, RefusedRows rows)
    {
        // SQLite reads the schema again at every ROLLBACK TO behind a CREATE TABLE: what may need one comes first.
        List<(int Row, WaitingReason Why)> tried = [];
        bool triesFirst = call.IsCareful && !store.Exist;
        for (int i = 0; triesFirst && i < rows.Count; i++)
        {
            if (IsLeft(rows, i) && Try(call, rows, i) is WaitingReason why)
            {
                tried.Add((i, why));
            }
        }

        merge.AbandonRow();
        long waited = KeepUnknown(call);
        foreach ((int row, WaitingReason why) in tried)
        {
            waited += Keep(call, rows, row, why) ? 1 : 0;
        }

        for (int i = 0; !triesFirst && i < rows.Count; i++)
        {
            if (IsLeft(rows, i) && Try(call, rows, i) is WaitingReason why)
            {
                waited += Keep(call, rows, i, why) ? 1 : 0;
            }
        }

        merge.AbandonRow();
        merge.Watch?.Settled(call.Asides.Length, waited);
        if (waited > 0)
        {
            store.Quota.Check(call.Origin.Length == 0 ? "cloudsync_payload_apply" : "cloudsync_payload_receive", call.Origin);
        }

        if (store.Exist)
        {
            store.Quota.Tidy();
        }

        if (store.Any)
        {
            clock.Advance();
            queue.NoteReached(clock.Highest);
        }
    }

    public void Dispose() => changes.Dispose();

    private static bool IsLeft(RefusedRows rows, int row) => !rows[row].IsFurther && rows[row].State != RefusedState.Done;

    private long KeepUnknown(MergeCall call)
    {
        long waited = 0;
        foreach (ref readonly AsideGroup aside in call.Asides)
        {
            if (aside.Unknown != RefusalReason.None)
            {
                store.Create();
                KeepUnknown(call, aside);
                waited++;
            }
        }

        return waited;
    }

    /// <summary>Tries a row once more, which tells why it waits.</summary>
    /// <returns>Null where it is written, or cannot be tried.</returns>
    private WaitingReason? Try(MergeCall call, RefusedRows rows, int row)
    {
        bool? isWritten = attempt.Write(call, rows, row);
        rows[row].State = isWritten == true ? RefusedState.Done : rows[row].State;
        if (isWritten == null && rows[row].Count == 0)
        {
            store.Postpone(rows.First(row));
        }

        if (isWritten != false)
        {
            return null;
        }

        Blocker? blocker = blockers.Find();
        return new WaitingReason(merge.Refusals.Reason, merge.Refusals.Text, blocker?.Table.Name, blocker?.Key);
    }

    /// <summary>Stores a row that was refused.</summary>
    private bool Keep(MergeCall call, RefusedRows rows, int row, in WaitingReason why)
    {
        ChangeRow first = rows.First(row);
        bool isAside = rows[row].Count > 0;
        merge.AbandonRow();
        store.Create();
        attempt.DropLost(first);
        WaitingRow? before = store.Find(first);
        if (isAside)
        {
            Put(rows, row, first, before);
        }

        if (isAside || before != null)
        {
            byte[] origin = isAside ? call.Origin : before!.Value.Origin;
            store.Explain(first, before, why, origin, isDue: settler.IsExhausted);
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
            store.RemoveOlder(first, changes.All[0].CausalLength);
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
                store.Put(change);
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

        WaitingRow? before = store.Find(change);
        if (change.CausalLength < before?.LatestLife)
        {
            return;
        }

        if (before != null)
        {
            store.RemoveOlder(change, change.CausalLength);
        }

        store.Put(change);
        if (before is WaitingRow known)
        {
            store.Count(change, known);
            return;
        }

        store.Explain(change, null, WaitingReason.OfUnknown(aside.Unknown, table, change), call.Origin, isDue: false);
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
