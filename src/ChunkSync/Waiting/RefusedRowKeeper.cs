using ChunkSync.Catalog;
using ChunkSync.Clock;
using ChunkSync.Format;
using ChunkSync.Merge;
using ChunkSync.Sqlite;

namespace ChunkSync.Waiting;

/// <summary>Stores what could not be arranged in a call: its changes, why they wait, and which row they need.</summary>
internal sealed unsafe class RefusedRowKeeper(
    TableCatalog catalog, VersionClock clock, MergeEngine merge, WaitingStore store, WaitingQueue queue, RowAttempt attempt, RowTrial trial, Settler settler)
    : IDisposable
{
    private readonly RowChanges changes = new();

    /// <summary>Whether nothing waits yet but rows of this call, each of which is stored once.</summary>
    private bool isFirst;

    /// <summary>Stores what could not be arranged: of what waits already only why.</summary>
    public void Keep(MergeCall call, RefusedRows rows)
    {
        trial.EndPasses();
        try
        {
            KeepAll(call, rows);
        }
        finally
        {
            trial.End();
        }
    }

    public void Dispose() => changes.Dispose();

    private void KeepAll(MergeCall call, RefusedRows rows)
    {
        // SQLite reads the schema again at every ROLLBACK TO behind a CREATE TABLE: what may need one comes first.
        List<(int Row, Refusal Refusal)> tried = [];
        bool triesFirst = call.IsCareful && !store.Exist;
        for (int i = 0; triesFirst && i < rows.Count; i++)
        {
            if (IsLeft(rows, i) && Try(call, rows, i) is Refusal refusal)
            {
                tried.Add((i, refusal));
            }
        }

        merge.AbandonRow();
        isFirst = !store.Any;
        long waited = KeepUnknown(call);
        isFirst &= waited == 0;
        foreach ((int row, Refusal refusal) in tried)
        {
            waited += Keep(call, rows, row, refusal) ? 1 : 0;
        }

        for (int i = 0; !triesFirst && i < rows.Count; i++)
        {
            if (IsLeft(rows, i) && Try(call, rows, i) is Refusal refusal)
            {
                waited += Keep(call, rows, i, refusal) ? 1 : 0;
            }
        }

        merge.AbandonRow();
        store.Quota.WriteCollected();
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
            queue.NoteReached(clock.HighestStored);
        }
    }

    private static bool IsLeft(RefusedRows rows, int row) => !rows[row].IsFurther && rows[row].State != RefusedState.Done;

    /// <summary>Stores the changes of tables and columns that are not here: those that follow each other and are of one row together.</summary>
    private long KeepUnknown(MergeCall call)
    {
        long waited = 0;
        ChangeRow first = default;
        WaitingRow stored = default;
        WaitingReason why = default;
        TrackedTable? table = null;
        (long Life, bool IsPast) last = (0, false);
        foreach (ref readonly AsideGroup aside in call.Asides)
        {
            if (aside.Unknown == RefusalReason.None)
            {
                continue;
            }

            ChangeRow change = RowChanges.First(aside);
            if (waited++ == 0 || !IsSameRow(change, first))
            {
                Close(first, stored, why);
                store.Create();
                first = change;
                table = catalog.Find(change.TableName);
                why = WaitingReason.OfUnknown(aside.Unknown, table, change);
                stored = store.Open(change);
                last = (change.CausalLength, table != null && IsPast(change));
            }
            else if (change.CausalLength != last.Life)
            {
                last = (change.CausalLength, table != null && IsPast(change));
            }

            if (!last.IsPast && (stored.Origin == null || change.CausalLength >= store.LifeOf(change, ref stored)))
            {
                store.RemoveOlder(change, change.CausalLength, ref stored);
                store.Put(change, call.Origin, ref stored);
            }
        }

        Close(first, stored, why);
        return waited;
    }

    private void Close(in ChangeRow row, in WaitingRow stored, in WaitingReason why)
    {
        if (stored.IsStored)
        {
            store.Close(row, stored);
        }
        else if (stored.Origin != null)
        {
            store.Close(row, stored, why, isDue: false);
        }
    }

    private static bool IsSameRow(in ChangeRow left, in ChangeRow right) =>
        left.KeyBlob.SequenceEqual(right.KeyBlob) && AsciiNames.Same(left.TableName, right.TableName);

    /// <summary>Tells why a row waits.</summary>
    /// <returns>Null where it is written, or cannot be tried.</returns>
    private Refusal? Try(MergeCall call, RefusedRows rows, int row)
    {
        bool? isWritten = trial.Explain(call, rows, row, out Refusal refusal);
        rows[row].State = isWritten == true ? RefusedState.Done : rows[row].State;
        if (isWritten == null && rows[row].Count == 0)
        {
            store.Postpone(rows.First(row));
        }

        return isWritten == false ? refusal : null;
    }

    /// <summary>Stores a row that was refused.</summary>
    private bool Keep(MergeCall call, RefusedRows rows, int row, in Refusal refusal)
    {
        ChangeRow first = rows.First(row);
        bool isAside = rows[row].Count > 0;
        merge.AbandonRow();
        store.Create();
        if (!isAside && refusal.HaveAllWon && store.TryRepeat(first, refusal.Why, settler.IsExhausted))
        {
            return false;
        }

        WaitingRow stored = isFirst ? default : attempt.DropLost(first);
        if (isAside)
        {
            Put(call, rows, row, refusal.HaveAllWon, ref stored);
        }

        store.Close(first, stored, refusal.Why, settler.IsExhausted);
        return isAside;
    }

    /// <summary>Stores the changes of a row's groups that are not written and have not lost.</summary>
    private void Put(MergeCall call, RefusedRows rows, int row, bool haveAllWon, ref WaitingRow stored)
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
        if (changes.Count == 0 || (stored.IsStored && changes.All[0].CausalLength < store.LifeOf(changes.All[0], ref stored)))
        {
            return;
        }

        ChangeRow first = changes.All[0];
        store.RemoveOlder(first, first.CausalLength, ref stored);
        bool decides = !haveAllWon && merge.IsExact(first);
        if (decides)
        {
            merge.BeginRow(first);
        }

        foreach (ref readonly ChangeRow change in changes.All)
        {
            if (merge.Knows(change) && (!decides || merge.Current!.Beats(change)))
            {
                store.Put(change, call.Origin, ref stored);
            }
        }

        merge.AbandonRow();
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
