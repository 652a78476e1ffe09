using ChunkSync.Catalog;
using ChunkSync.Format;
using ChunkSync.Merge;
using ChunkSync.Session;
using ChunkSync.Sqlite;

namespace ChunkSync.Waiting;

/// <summary>Tries refused rows, and tells why they were refused. A row is not written again while it is known to be refused for the same
/// reason: where another row has its unique value, and where nothing has been written since.</summary>
internal sealed unsafe class RowTrial(SyncSession session, MergeEngine merge, GroupWriter groups, RowAttempt attempt, Blockers blockers) : IDisposable
{
    /// <summary>Rows of which it is remembered why they were refused; others are tried again to learn it.</summary>
    private const int MaxRemembered = 16_384;

    private readonly RowChanges changes = new();
    private readonly Dictionary<int, Refusal> remembered = [];
    private Blocker? blocker;
    private bool isBlockerKnown;
    private bool isForeseen;
    private bool haveAllWon;

    /// <summary>What <see cref="Written"/> was when the first row of the call was refused, if nothing was written since; else -1.</summary>
    private int unchangedAt = -1;
    private int undone;
    private long foreseen;

    /// <summary>What was done to learn which rows fit: it is limited.</summary>
    public long Work => groups.Writes + foreseen;

    /// <summary>Rows written so far, without those that were undone.</summary>
    public int Written => session.WrittenRows - undone;

    /// <summary>Rows are to be tried.</summary>
    /// <param name="isUnchanged">Whether nothing was written since the first row of the call was refused.</param>
    public void Begin(bool isUnchanged)
    {
        remembered.Clear();
        undone = 0;
        unchangedAt = isUnchanged ? Written : -1;
    }

    /// <summary>Writes a row, unless it is known to be refused.</summary>
    /// <returns>Whether all its groups are written; null where there is nothing that can be tried.</returns>
    public bool? Write(MergeCall call, RefusedRows rows, int row)
    {
        isForeseen = false;
        isBlockerKnown = false;
        haveAllWon = false;
        if (IsRefusedAgain(call, rows, row))
        {
            isForeseen = true;
            foreseen++;
            return false;
        }

        isBlockerKnown = false;
        bool? isWritten = attempt.Write(call, rows, row);
        rows[row].Code = isWritten == false ? merge.Refusals.Code : 0;
        rows[row].Text = isWritten == false ? call.NoteText(merge.Refusals.Text) : (byte)0;
        rows[row].IsTried = true;
        haveAllWon = isWritten == false && attempt.HaveAllWon;
        return isWritten;
    }

    /// <summary>What keeps the row from being written that was refused last; null where nobody knows.</summary>
    public Blocker? FindBlocker()
    {
        if (!isBlockerKnown)
        {
            blocker = blockers.Find();
            isBlockerKnown = true;
        }

        return blocker;
    }

    /// <summary>Remembers why the row was refused that was tried last.</summary>
    public void Remember(RefusedRows rows, int row)
    {
        if (IsTold(rows[row]) && remembered.Count < MaxRemembered)
        {
            remembered[row] = LastRefusal();
        }
    }

    /// <summary>What was written behind a count of written rows is undone.</summary>
    public void Undone(int writtenRows) => undone += session.WrittenRows - writtenRows;

    /// <summary>Behind the last pass: what was learned before the last row was written does not hold any more.</summary>
    public void EndPasses()
    {
        int written = Written;
        foreach ((int row, Refusal refusal) in remembered)
        {
            if (refusal.Written != written)
            {
                remembered.Remove(row);
            }
        }
    }

    /// <summary>Tells why a row waits: what is remembered, or another attempt.</summary>
    /// <param name="call">The call.</param>
    /// <param name="rows">The rows.</param>
    /// <param name="row">The row.</param>
    /// <param name="refusal">Why.</param>
    /// <returns>False when it was refused; else as <see cref="Write"/>.</returns>
    public bool? Explain(MergeCall call, RefusedRows rows, int row, out Refusal refusal)
    {
        if (remembered.TryGetValue(row, out refusal))
        {
            return false;
        }

        int before = session.WrittenRows;
        bool? isWritten = Write(call, rows, row);
        if (isWritten == false && !IsTold(rows[row]))
        {
            rows[row].Code = 0;
            isWritten = Write(call, rows, row);
        }

        if (session.WrittenRows != before)
        {
            // Perhaps another row fits now.
            remembered.Clear();
        }

        refusal = isWritten == false ? LastRefusal() : default;
        return isWritten;
    }

    /// <summary>The call is over.</summary>
    public void End()
    {
        remembered.Clear();
        remembered.TrimExcess();
    }

    public void Dispose() => changes.Dispose();

    /// <summary>Whether the message is about what is in the way of the row that was tried last: of two indexes it may be the other one now.</summary>
    private bool IsTold(in RefusedRow row) => !isForeseen || row.Code != ResultCode.ConstraintUnique || (!row.IsTried && Written == unchangedAt)
        || blockers.Holders(blocker!.Value.Table).Count == 1;

    private Refusal LastRefusal()
    {
        Blocker? found = FindBlocker();
        return new Refusal(new WaitingReason(merge.Refusals.Reason, merge.Refusals.Text, found?.Table.Name, found?.Key), haveAllWon, Written);
    }

    private bool IsRefusedAgain(MergeCall call, RefusedRows rows, int row)
    {
        int code = rows[row].Code;
        if (code == 0 || rows[row].Next != RefusedRows.None || call.TextOf(rows[row].Text) is not string text)
        {
            return false;
        }

        // What decides about a CHECK or in a trigger is not known, but it is what it was; of a foreign key, which row is missing.
        bool isSame = code != ResultCode.ConstraintForeignKey && code != ResultCode.ConstraintUnique && !rows[row].IsTried && Written == unchangedAt;
        if (!isSame && (code != ResultCode.ConstraintUnique || !IsValueTaken(call, rows, row)))
        {
            return false;
        }

        merge.Refusals.Note(RefusalKind.Of(code, fromPrepare: false), code, text);
        blocker = isSame ? null : blocker;
        isBlockerKnown = true;
        return true;
    }

    /// <summary>Whether another row has a unique value that a row would have: then it need not be written to know that it is refused.</summary>
    private bool IsValueTaken(MergeCall call, RefusedRows rows, int row)
    {
        merge.AbandonRow();
        (int waiting, int own) = attempt.Load(rows, row, changes);
        if (changes.Count == 0 || own + Math.Min(waiting, 1) > 1)
        {
            return false;
        }

        ref readonly ChangeRow first = ref changes.All[0];
        long identity = GroupWriter.Identity(first);
        if (call.IsUntried(identity) || merge.Find(first.TableName) is not TrackedTable { HasBlocks: false } || (first.CausalLength & 1) == 0
            || !merge.IsExact(first))
        {
            return false;
        }

        merge.BeginRow(first);
        merge.Current!.Parked = call.ParkedOf(identity);
        foreach (ref readonly ChangeRow change in changes.All)
        {
            merge.Add(change);
        }

        blocker = blockers.FindHolder(merge.Current);
        haveAllWon = changes.HaveAllWon(merge.Current);
        merge.AbandonRow();
        return blocker != null;
    }
}
