using ChunkSync.Catalog;
using ChunkSync.Clock;
using ChunkSync.Format;
using ChunkSync.Merge;
using ChunkSync.Session;
using ChunkSync.Sqlite;

namespace ChunkSync.Waiting;

/// <summary>Arranges refused rows: what fits once everything is there is written. A row whose value another refused row still holds is
/// written behind that one; in a cycle one row gets a placeholder; rows that refer to each other are written together.</summary>
internal sealed unsafe class Settler : IDisposable
{
    /// <summary>Writes per row and call; what is not arranged by then waits.</summary>
    private const int WritesPerRow = 4;
    private const int MoreWrites = 64;
    private const int CircleRounds = 8;
    /// <summary>Rows of a cycle of which each is tried as the first one.</summary>
    private const int ShortCycle = 4;

    private readonly SyncSession session;
    private readonly VersionClock clock;
    private readonly MergeEngine merge;
    private readonly WaitingStore store;
    private readonly RowAttempt attempt;
    private readonly RowTrial trial;
    private readonly Blockers blockers;
    private readonly DeferredKeys deferred;
    private readonly Parking parking;
    private readonly PlaceSavepoint savepoint;
    private readonly List<int> stack = [];
    private readonly List<int> placed = [];
    private readonly RowChanges parkedChanges = new();
    private long limit;

    /// <summary>Whether a row of the stack refers to an open one: a cycle that holds from another beginning, where the row referred to is written before
    /// and takes the value of the one that refers.</summary>
    private bool closesCycle;

    /// <summary>Whether references may be violated until the root is placed.</summary>
    private bool hasDeferred;

    /// <summary>Whether a row is in the way of another one by a unique value.</summary>
    private bool takesValue;

    public Settler(SyncSession session, VersionClock clock, Keys.TableKeys keys, MergeEngine merge, WaitingStore store,
        RowAttempt attempt, RowTrial trial, Blockers blockers, DeferredKeys deferred)
    {
        this.session = session;
        this.clock = clock;
        this.merge = merge;
        this.store = store;
        this.attempt = attempt;
        this.trial = trial;
        this.blockers = blockers;
        this.deferred = deferred;
        parking = new Parking(session, keys, deferred);
        savepoint = new PlaceSavepoint(session, store, trial);
    }

    /// <summary>The rows that are to be arranged.</summary>
    public RefusedRows Rows { get; } = new();

    /// <summary>Rows that got a placeholder, since the connection was opened.</summary>
    public long Parkings { get; private set; }

    /// <summary>Whether there is work left to spend in this call.</summary>
    public bool IsExhausted => trial.Work >= limit;

    /// <summary>A call begins: its rows are in the list.</summary>
    /// <param name="isUnchanged">Whether nothing was written since the first of them was refused.</param>
    public void Begin(bool isUnchanged)
    {
        deferred.Forget();
        trial.Begin(isUnchanged);
        limit = trial.Work + (WritesPerRow * (long)Rows.Count) + MoreWrites;
    }

    /// <summary>More rows came into the list.</summary>
    public void Extend(int rows) => limit += (long)WritesPerRow * rows;

    /// <summary>Goes over the rows, forward and backward in turn, while one fits.</summary>
    /// <returns>The number of rows that were written.</returns>
    public int Arrange(MergeCall call)
    {
        int all = 0;
        int fit;
        bool forward = true;
        do
        {
            fit = Pass(call, forward);
            all += fit;
            forward = !forward;
        }
        while (fit > 0 && !IsExhausted);

        return all + Circle(call);
    }

    public void Dispose()
    {
        parking.Dispose();
        Rows.Dispose();
        parkedChanges.Dispose();
        savepoint.Dispose();
    }

    private int Pass(MergeCall call, bool forward)
    {
        int count = Rows.Count;
        for (int i = 0; i < count; i++)
        {
            Rows[i].State = Rows[i].State == RefusedState.Failed ? RefusedState.Refused : Rows[i].State;
        }

        int fit = 0;
        for (int i = 0; i < count && !IsExhausted; i++)
        {
            int row = forward ? i : count - 1 - i;
            if (!Rows[row].IsFurther && Rows[row].State == RefusedState.Refused)
            {
                fit += Place(call, row);
            }
        }

        return fit;
    }

    /// <summary>Writes a row, and before it those that are in its way, all or nothing.</summary>
    /// <returns>The number of rows that were written.</returns>
    private int Place(MergeCall call, int root)
    {
        bool? isWritten = trial.Write(call, Rows, root);
        if (isWritten == true)
        {
            Rows[root].State = RefusedState.Done;
            return 1;
        }

        Rows[root].State = RefusedState.Open;
        int? inWay = NextInWay(out Blocker? blocker);
        if (isWritten == false)
        {
            trial.Remember(Rows, root);
        }

        if (inWay is not int next)
        {
            Rows[root].State = RefusedState.Failed;
            return 0;
        }

        VersionClock.State saved = clock.Save();
        WatchMark mark = merge.Watch?.Mark() ?? default;
        bool wasViolated = deferred.AreViolated;
        Rows.Attempt++;
        stack.Clear();
        placed.Clear();
        stack.Add(root);
        closesCycle = hasDeferred = takesValue = false;
        bool checks = call.ChecksDeferred;
        savepoint.Open();
        bool isPlaced = MakeRoom(call, next, blocker!.Value) && PlaceStack(call);
        call.ChecksDeferred = checks;
        if (isPlaced && (wasViolated || !deferred.AreViolated))
        {
            savepoint.Release();
            deferred.TurnOff();
            placed.ForEach(row => Rows[row].State = RefusedState.Done);
        }
        else
        {
            Undo(saved, mark);
            placed.Clear();
        }

        call.Unpark();
        Rows.Attempt++;
        return placed.Count;
    }

    private bool PlaceStack(MergeCall call)
    {
        while (stack.Count > 0)
        {
            int top = stack[^1];
            if (IsExhausted)
            {
                return false;
            }

            if (trial.Write(call, Rows, top) is true)
            {
                Rows[top].State = RefusedState.Placed;
                placed.Add(top);
                stack.RemoveAt(stack.Count - 1);
            }
            else if (NextInWay(out Blocker? blocker) is not int next || !MakeRoom(call, next, blocker!.Value))
            {
                return false;
            }
        }

        return true;
    }

    private void Undo(VersionClock.State saved, WatchMark mark)
    {
        merge.AbandonRow();
        savepoint.Undo();
        merge.Watch?.Rewind(mark);
        clock.Restore(saved);
        deferred.TurnOff();
        foreach (int row in stack)
        {
            Rows.Undo(row);
            Rows[row].State = closesCycle && stack.Count <= ShortCycle ? RefusedState.Refused : RefusedState.Failed;
        }

        foreach (int row in placed)
        {
            Rows.Undo(row);
            Rows[row].State = RefusedState.Refused;
        }
    }

    /// <summary>The row that is in the way of the one that was refused last, if it can be moved; null otherwise.</summary>
    private int? NextInWay(out Blocker? blocker)
    {
        blocker = trial.FindBlocker();
        if (blocker is not Blocker found)
        {
            return null;
        }

        int row = Rows.Find(found.Table.NameUtf8, found.Key);
        if (row == RefusedRows.None)
        {
            row = Rows.AddWaiting(store, found);
            Extend(row == RefusedRows.None ? 0 : 1);
        }

        closesCycle |= row != RefusedRows.None && Rows[row].State == RefusedState.Open && found.Index < 0;
        return row != RefusedRows.None && Rows[row].State is RefusedState.Refused or RefusedState.Open ? row : null;
    }

    /// <summary>Lets a row be written next; where it waits itself it gets a placeholder, or the reference to it holds only at the end.</summary>
    private bool MakeRoom(MergeCall call, int row, in Blocker blocker)
    {
        takesValue |= blocker.Index >= 0;
        if (Rows[row].State == RefusedState.Open)
        {
            return blocker.Index >= 0 ? Park(call, row, blocker) : Defer(call);
        }

        Rows[row].State = RefusedState.Open;
        stack.Add(row);
        return true;
    }

    /// <summary>Lets references be violated until the root is placed: a row is deleted before the one that refers to it is written, because that one
    /// takes its value. A circle of references alone is left to <see cref="Circle"/>: it costs less for many at once.</summary>
    /// <returns>False where they could be already: the reference cannot wait.</returns>
    private bool Defer(MergeCall call)
    {
        merge.AbandonRow();
        if (!takesValue || hasDeferred || !deferred.TryTurnOn())
        {
            return false;
        }

        call.ChecksDeferred = false;
        return hasDeferred = true;
    }

    private bool Park(MergeCall call, int row, in Blocker blocker)
    {
        merge.AbandonRow();
        TrackedTable table = blocker.Table;
        attempt.Load(Rows, row, parkedChanges);
        ReadOnlySpan<ChangeRow> changes = parkedChanges.All;
        if (table.HasBlocks || changes.IsEmpty || (changes[0].CausalLength & 1) == 0 || !merge.IsExact(changes[0]))
        {
            // Nothing takes the place of a row that is deleted; with another row first it can be.
            closesCycle |= !changes.IsEmpty && (changes[0].CausalLength & 1) == 0;
            return false;
        }

        long identity = GroupWriter.Identity(changes[0]);
        merge.BeginRow(changes[0]);
        merge.Current!.Parked = call.ParkedOf(identity);
        foreach (ref readonly ChangeRow change in changes)
        {
            merge.Add(change);
        }

        int column = blockers.Holders(table).ColumnToPark(blocker.Index, merge.Current, call.ParkedOf(identity));
        NativeBytes key = merge.Current.Key;
        call.KeepFormer(merge.Current, column, isAsked: column >= 0 && merge.Watch is { LogsConflicts: true });
        merge.AbandonRow();
        if (column < 0 || call.IsUntried(identity))
        {
            return false;
        }

        if (!parking.TryPark(table, key, column, call, identity, session.Generation))
        {
            return session.Connection.IsAutocommit
                ? throw call.RolledBack(identity, new EngineException(ResultCode.ConstraintTrigger, $"{table.Name}: {MergeCall.RollsBack}"))
                : false;
        }

        Parkings++;
        return true;
    }

    /// <summary>Writes rows together that refer to each other. Those whose references do not hold leave the circle, and the rest is
    /// tried again.</summary>
    private int Circle(MergeCall call)
    {
        List<int> circle = [];
        for (int i = 0; i < Rows.Count; i++)
        {
            if (!Rows[i].IsFurther && Rows[i].State is RefusedState.Failed or RefusedState.Refused && Rows[i].Code == ResultCode.ConstraintForeignKey)
            {
                circle.Add(i);
            }
        }

        for (int round = 0; round < CircleRounds && circle.Count > 1 && !IsExhausted; round++)
        {
            if (TryCircle(call, circle))
            {
                return circle.Count;
            }
        }

        return 0;
    }

    private bool TryCircle(MergeCall call, List<int> circle)
    {
        VersionClock.State saved = clock.Save();
        WatchMark mark = merge.Watch?.Mark() ?? default;
        bool checks = call.ChecksDeferred;
        Rows.Attempt++;
        stack.Clear();
        placed.Clear();
        savepoint.Open();
        if (!deferred.TryTurnOn())
        {
            savepoint.Release();
            circle.Clear();
            return false;
        }

        call.ChecksDeferred = false;
        List<int> leaving = [];
        foreach (int row in circle)
        {
            if (trial.Write(call, Rows, row) is true)
            {
                placed.Add(row);
            }
            else
            {
                leaving.Add(row);
            }
        }

        merge.AbandonRow();
        call.ChecksDeferred = checks;
        bool holds = leaving.Count == 0 && !deferred.AreViolated;
        if (holds)
        {
            savepoint.Release();
            deferred.TurnOff();
            placed.ForEach(row => Rows[row].State = RefusedState.Done);
            Rows.Attempt++;
            return true;
        }

        leaving.AddRange(placed.Where(row => !blockers.Hold(Rows, row)));

        // Of a row that was refused as a whole some groups may have been written alone.
        circle.ForEach(Rows.Undo);
        Undo(saved, mark);
        placed.ForEach(row => Rows[row].Code = ResultCode.ConstraintForeignKey);
        Rows.Attempt++;
        if (leaving.Count == 0)
        {
            circle.Clear();
        }

        circle.RemoveAll(leaving.Contains);
        return false;
    }
}
