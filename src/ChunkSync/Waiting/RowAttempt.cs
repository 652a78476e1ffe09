using ChunkSync.Format;
using ChunkSync.Merge;

namespace ChunkSync.Waiting;

/// <summary>Writes everything that is known of a refused row: first together, because a row with NOT NULL columns or a CHECK over two of them
/// may only fit as a whole; then each group alone, because an old refused cell must not freeze its row.</summary>
internal sealed unsafe class RowAttempt(MergeEngine merge, GroupWriter groups, WaitingStore store) : IDisposable
{
    private readonly RowChanges changes = new();
    private readonly RowChanges stored = new();

    /// <summary>A change that waits for the row in <see cref="stored"/> and of whose column nothing is here; without a table where there is
    /// none.</summary>
    private ChangeRow other;

    /// <summary>Whether nothing waits for that row but what is in <see cref="stored"/>.</summary>
    private bool isAll;

    /// <summary>Whether all changes of the row that was refused last would win against what is here.</summary>
    public bool HaveAllWon { get; private set; }

    /// <summary>Writes a row. One that was refused stays in progress in the merge until the next attempt, or until it is abandoned.</summary>
    /// <param name="call">The call.</param>
    /// <param name="rows">The rows.</param>
    /// <param name="row">The row.</param>
    /// <returns>Whether all its groups are written; null where there is nothing that can be tried.</returns>
    public bool? Write(MergeCall call, RefusedRows rows, int row)
    {
        merge.AbandonRow();
        ChangeRow first = rows.First(row);
        bool waits = Waits(rows, row);
        (int waiting, int own) = Load(rows, row, changes, waits);
        if (changes.Count == 0)
        {
            return null;
        }

        long life = changes.All[0].CausalLength;
        if (groups.Write(call, changes.All))
        {
            MarkWritten(rows, row);
            Landed(first, waits, life);
            return true;
        }

        HaveAllWon = false;
        if (own == 0 || own + Math.Min(waiting, 1) < 2)
        {
            // Of a key that is refused nothing was decided.
            HaveAllWon = merge.Refusals.Code != 0 && merge.Current is { Table.HasBlocks: false } refused && changes.HaveAllWon(refused);
            return false;
        }

        // What is in the way of the row as a whole is asked for afterwards: a piece of it may have been refused for another reason.
        return WriteApart(call, rows, row, first, waits) || WriteRest(call, rows, row, first, waits);
    }

    /// <summary>Puts everything into a list that is known of a row and not written: what waits for it, and its groups. What belongs to earlier
    /// lives of the row is left out.</summary>
    /// <returns>How many changes wait, and how many groups there are.</returns>
    public (int Waiting, int Groups) Load(RefusedRows rows, int row, RowChanges into) => Load(rows, row, into, Waits(rows, row));

    /// <summary>Drops waiting changes of a row that lose against what is here now.</summary>
    /// <returns>What is stored of the row, to be closed.</returns>
    public WaitingRow DropLost(in ChangeRow row)
    {
        WaitingRow found = store.Open(row);
        if (!found.IsStored || !merge.IsExact(row))
        {
            return found;
        }

        LoadStored(row);
        merge.AbandonRow();
        merge.BeginRow(row);
        bool isOtherLost = other.Table != null && !merge.Current!.Beats(other);
        bool isKnownLeft = false;
        foreach (ref readonly ChangeRow change in stored.All)
        {
            if (merge.Current!.Beats(change))
            {
                isKnownLeft = true;
            }
            else
            {
                store.Remove(change, stored.HasOtherSenders, ref found);
            }
        }

        merge.AbandonRow();
        if (isOtherLost)
        {
            // That is the row's life: all of them have lost.
            store.RemoveOlder(row, long.MaxValue, ref found);
        }
        else if (!isKnownLeft)
        {
            ExplainUnknown(other);
        }

        return found;
    }

    public void Dispose()
    {
        changes.Dispose();
        stored.Dispose();
    }

    private (int Waiting, int Groups) Load(RefusedRows rows, int row, RowChanges into, bool waits)
    {
        into.Clear();
        stored.Clear();
        if (waits)
        {
            LoadStored(rows.First(row));
            foreach (ref readonly ChangeRow change in stored.All)
            {
                into.Add(change);
            }
        }

        int waiting = stored.Count;
        int own = 0;
        for (int entry = row; entry != RefusedRows.None; entry = rows[entry].Next)
        {
            if (!rows[entry].IsWritten && rows[entry].Count > 0)
            {
                into.Add(rows[entry].Group);
                own++;
            }
        }

        into.KeepLatestLife();
        return (waiting, own);
    }

    /// <summary>Whether changes of a row wait; one without groups is in the list for that.</summary>
    private bool Waits(RefusedRows rows, int row) => store.Any && (rows[row].Count == 0 || store.Wait(rows.First(row)));

    private bool WriteApart(MergeCall call, RefusedRows rows, int row, in ChangeRow first, bool waits)
    {
        bool any = false;
        bool all = true;
        for (int entry = row; entry != RefusedRows.None; entry = rows[entry].Next)
        {
            if (rows[entry].IsWritten || rows[entry].Count == 0)
            {
                continue;
            }

            merge.AbandonRow();
            changes.Clear();
            changes.Add(rows[entry].Group);
            bool isWritten = groups.Write(call, changes.All);
            rows[entry].WrittenIn = isWritten ? rows.Attempt : 0;
            any |= isWritten;
            all &= isWritten;
        }

        if (any && all && waits)
        {
            store.Close(first, DropLost(first));
        }

        return all;
    }

    /// <summary>Writes everything together that is not written yet.</summary>
    private bool WriteRest(MergeCall call, RefusedRows rows, int row, in ChangeRow first, bool waits)
    {
        merge.AbandonRow();
        Load(rows, row, changes, waits);
        if (changes.Count == 0)
        {
            return true;
        }

        long life = changes.All[0].CausalLength;
        if (!groups.Write(call, changes.All))
        {
            return false;
        }

        MarkWritten(rows, row);
        Landed(first, waits, life);
        return true;
    }

    private static void MarkWritten(RefusedRows rows, int row)
    {
        for (int entry = row; entry != RefusedRows.None; entry = rows[entry].Next)
        {
            rows[entry].WrittenIn = rows[entry].IsWritten ? rows[entry].WrittenIn : rows.Attempt;
        }
    }

    /// <summary>Reads the waiting changes of columns that this schema has.</summary>
    private void LoadStored(in ChangeRow row)
    {
        stored.Clear();
        isAll = store.Cells.LoadKnown(row, merge.Find(row.TableName), stored, out other) && other.Table == null;
    }

    /// <summary>What waited for a row is written with it: it does not wait any more. Changes of columns that are not here go on, in this
    /// life of the row.</summary>
    private void Landed(in ChangeRow row, bool waits, long life)
    {
        if (!waits)
        {
            return;
        }

        WaitingRow found = store.Open(row);
        if (!found.IsStored)
        {
            return;
        }

        found.Life = stored.Count > 0 ? stored.All[0].CausalLength : null;
        long waited = store.LifeOf(row, ref found);
        bool isOver = waited < life || (waited == life && (life & 1) == 0);
        if (isAll)
        {
            store.RemoveAll(row, stored, ref found);
        }
        else if (isOver)
        {
            store.RemoveOlder(row, long.MaxValue, ref found);
        }
        else
        {
            foreach (ref readonly ChangeRow change in stored.All)
            {
                store.Remove(change, stored.HasOtherSenders, ref found);
            }
        }

        store.Close(row, found);
        if (!isOver && !isAll)
        {
            ExplainUnknown(other);
        }
    }

    /// <summary>Of a row only changes of columns wait that are not here: what refused the others is no reason any more.</summary>
    private void ExplainUnknown(in ChangeRow left)
    {
        if (left.Table != null && merge.Find(left.TableName) is Catalog.TrackedTable table)
        {
            store.ExplainUnknown(left, WaitingReason.OfUnknown(RefusalReason.Column, table, left));
        }
    }
}
