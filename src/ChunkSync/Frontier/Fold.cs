namespace ChunkSync.Frontier;

/// <summary>Takes operations that have come, or gone, into log and nodes: in order where they are the newest, beside the others where nothing else
/// can depend on them, and else by a rewind to the first of them. One object serves one fold; memory is native.</summary>
internal sealed unsafe class Fold : IDisposable
{
    private readonly ITreeStore store;
    private readonly Nodes nodes;
    private readonly LogPage rest = new();
    private readonly LogPage retracted = new();
    private readonly LogPage before = new();
    private readonly LogPage behind = new();
    private readonly StampGroups groups;
    private readonly int pageRows;
    private FoldResult result;
    private OperationStamp head;
    private bool hasHead;

    /// <param name="store">The tree.</param>
    /// <param name="pageRows">How many rows of the log are in memory at once.</param>
    /// <param name="steps">How many steps up are taken one by one (<see cref="Nodes"/>).</param>
    public Fold(ITreeStore store, int pageRows = 4096, long steps = Nodes.Steps)
    {
        this.store = store;
        this.pageRows = pageRows;
        nodes = new Nodes(store, steps);
        groups = new StampGroups(store);
    }

    /// <summary>What was done.</summary>
    public FoldResult Result => result;

    /// <summary>Whether everything was done again: then what is pending is what was held on the way.</summary>
    public bool IsRebuilt { get; private set; }

    /// <summary>From which clock value on operations are held; those that came stay pending, all others are done with.</summary>
    public long? HeldFrom { get; private set; }

    /// <summary>The nodes that it came across; those with <see cref="PlaceFlags.Moved"/> are somewhere else than before.</summary>
    public PlaceTable Table => nodes.Table;

    /// <summary>Takes in a user's own move, which is the newest operation.</summary>
    /// <returns>False, with nothing written, where the place lies below the node.</returns>
    public bool TryAppend(in TreeOperation operation)
    {
        if (!nodes.CanMove(operation.Node, operation.Place))
        {
            return false;
        }

        nodes.Name(operation);
        Append(operation, isEffective: true);
        result.Moved += nodes.Store();
        return true;
    }

    /// <summary>Takes in operations; of many some at a time, in order, in calls that follow each other until one holds or does everything again.</summary>
    /// <param name="pending">What came and went, in the order of operations, without void ones.</param>
    /// <param name="floor">Operations up to this clock value are not in the log any more: one that comes there needs all of them again.</param>
    /// <remarks>An operation that counts already, and a retraction of one that does not, change nothing. The first one behind a jump of the clock and all
    /// that follow stay out.</remarks>
    public void Run(PendingList pending, long? floor)
    {
        ReadHead();
        EndRewind();
        bool needsAll = false;
        int counted = Believed(pending);
        for (int i = 0; i < counted && !needsAll; i++)
        {
            PendingOperation next = pending[i];
            needsAll = floor is long low && next.Operation.Stamp.Lamport <= low;
            if (next.IsPresent)
            {
                nodes.Name(next.Operation);
            }
        }

        for (int i = 0; i < counted && !needsAll; i++)
        {
            TakeIn(pending[i]);
        }

        if (needsAll || (rest.Count + retracted.Count > 0 && !Rewind()))
        {
            Rebuild();
            return;
        }

        for (int i = counted; i < pending.Count; i++)
        {
            HeldFrom ??= pending[i].Operation.Stamp.Lamport;
            result.Held += pending[i].IsPresent ? 1 : 0;
        }

        result.Moved += nodes.Store();
        nodes.CompactPositions();
    }

    /// <summary>Forgets what was taken in and does it again with every operation of the carrier.</summary>
    public void Rebuild()
    {
        IsRebuilt = true;
        nodes.Clear();
        store.Clear();
        result = default;
        long clock = 0;
        using LogPage page = new();
        store.OpenCarrier();
        try
        {
            bool isMore;
            do
            {
                page.Clear();
                isMore = store.ReadCarrier(page, pageRows);
                groups.Sort(page);
                for (int i = 0; i < page.Count; i++)
                {
                    Rebuild(page[i].Operation, ref clock);
                }

                nodes.CompactPositions();
            }
            while (isMore);
        }
        finally
        {
            store.CloseCarrier();
        }

        result.Moved += nodes.Store();
    }

    public void Dispose()
    {
        nodes.Dispose();
        rest.Dispose();
        retracted.Dispose();
        before.Dispose();
        behind.Dispose();
        groups.Dispose();
    }

    private void Rebuild(in TreeOperation operation, ref long clock)
    {
        if (result.Held > 0 || !TreeLimits.IsBelieved(clock, operation.Stamp.Lamport))
        {
            store.Hold(operation);
            result.Held++;
            return;
        }

        clock = Math.Max(clock, operation.Stamp.Lamport);
        nodes.Name(operation);
        Append(operation, nodes.CanMove(operation.Node, operation.Place));
        result.Folded++;
    }

    private void EndRewind()
    {
        if (rest.Count + retracted.Count > 0)
        {
            rest.Clear();
            retracted.Clear();
            nodes.EndRewind();
        }
    }

    private void ReadHead() => hasHead = store.TryReadHead(out head);

    /// <summary>How many of them count: all before the first that comes behind a jump.</summary>
    private int Believed(PendingList pending)
    {
        long clock = hasHead ? Math.Max(head.Lamport, 0) : 0;
        for (int i = 0; i < pending.Count; i++)
        {
            PendingOperation next = pending[i];
            if (!TreeLimits.IsBelieved(clock, next.Operation.Stamp.Lamport))
            {
                return i;
            }

            if (next.IsPresent)
            {
                clock = Math.Max(clock, next.Operation.Stamp.Lamport);
            }
        }

        return pending.Count;
    }

    private void TakeIn(in PendingOperation next)
    {
        TreeOperation operation = next.Operation;
        bool isNewest = !hasHead || operation.Stamp > head;
        if (next.IsPresent && isNewest && rest.Count + retracted.Count == 0)
        {
            Append(operation, nodes.CanMove(operation.Node, operation.Place));
            result.Folded++;
        }
        else if ((!isNewest && store.Contains(operation)) != next.IsPresent)
        {
            result.Folded++;
            if (!next.IsPresent)
            {
                retracted.Add(new LogRow(operation, default, false));
            }
            else if (!TryRegister(operation))
            {
                rest.Add(new LogRow(operation, default, false));
            }
        }
    }

    /// <summary>The newest operation.</summary>
    private void Append(in TreeOperation operation, bool isEffective)
    {
        TreePlace undo = nodes.Place(operation.Node);
        store.Insert(new LogRow(operation, undo, isEffective));
        result.Written++;
        if (isEffective)
        {
            nodes.Assign(operation.Node, operation.Place);
        }

        head = operation.Stamp;
        hasHead = true;
    }

    /// <summary>A late operation that changes no other one: its node never was a parent, or it changes only the position. The cost does not depend on
    /// how late it is.</summary>
    private bool TryRegister(in TreeOperation operation)
    {
        if (store.HasStamp(operation.Stamp) || !ReadNeighbours(operation))
        {
            return false;
        }

        TreePlace undo = before.Count > 0 ? before[0].After : behind.Count > 0 ? behind[0].Undo : nodes.Place(operation.Node);
        bool wasParent = nodes.Get(operation.Node)->Has(PlaceFlags.WasParent);
        if (wasParent && operation.Place.Parent != undo.Parent)
        {
            return false;
        }

        store.Insert(new LogRow(operation, undo, true));
        result.Written++;
        bool isCovered = false;
        for (int i = 0; i < behind.Count && !isCovered; i++)
        {
            LogRow next = behind[i];
            store.Update(next with { Undo = operation.Place });
            result.Written++;
            isCovered = next.IsEffective;
        }

        if (!isCovered)
        {
            nodes.Assign(operation.Node, operation.Place);
        }

        if (!hasHead || operation.Stamp > head)
        {
            head = operation.Stamp;
            hasHead = true;
        }

        return true;
    }

    /// <summary>The node's rows on both sides.</summary>
    /// <returns>False where two of them share a stamp, so that only their content orders them, and where many behind it have no effect: each of many
    /// late operations would write all of these.</returns>
    private bool ReadNeighbours(in TreeOperation operation)
    {
        before.Clear();
        behind.Clear();
        store.ReadBefore(operation.Node, operation.Stamp, before);
        store.ReadBehind(operation.Node, operation.Stamp, behind);
        return behind.Count < TreeLimits.MaxBehind && !HasEqualStamps(before) && !HasEqualStamps(behind);
    }

    private static bool HasEqualStamps(LogPage rows)
    {
        for (int i = 1; i < rows.Count; i++)
        {
            if (rows[i].Operation.Stamp == rows[i - 1].Operation.Stamp)
            {
                return true;
            }
        }

        return false;
    }

    /// <returns>False where a retraction left a jump: what is behind it does not count any more.</returns>
    private bool Rewind()
    {
        using Rewinding rewinding = new(store, nodes, groups, rest, retracted, pageRows);
        bool isWhole = rewinding.Run();
        result.Scanned += rewinding.Scanned;
        result.Written += rewinding.Written;
        return isWhole;
    }
}
