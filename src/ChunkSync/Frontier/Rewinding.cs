using ChunkSync.Format;

namespace ChunkSync.Frontier;

/// <summary>Puts the tree back to where it was before the first of some operations, and does everything behind it again with them: two passes over
/// pages of the log. The first collects where each node was, the second judges; only rows whose outcome is another are written.</summary>
internal sealed unsafe class Rewinding(ITreeStore store, Nodes nodes, StampGroups groups, LogPage late, LogPage retracted, int pageRows) : IDisposable
{
    private readonly LogPage page = new();
    private readonly LogPage merged = new();
    private int nextLate;
    private int nextRetracted;
    private long clock;

    /// <summary>Rows of the log that were read, each once.</summary>
    public long Scanned { get; private set; }

    /// <summary>Rows of the log that were written or deleted.</summary>
    public long Written { get; private set; }

    /// <summary>Does it.</summary>
    /// <returns>False where a retraction left a jump of the clock that is not believed: everything has to be done again.</returns>
    public bool Run()
    {
        OperationStamp first = FirstStamp();
        clock = store.ClockBefore(first);
        MarkLate(late);
        MarkLate(retracted);
        nodes.ForgetPaths();
        PutBack(first);
        return DoAgain(first);
    }

    public void Dispose()
    {
        page.Dispose();
        merged.Dispose();
    }

    private OperationStamp FirstStamp()
    {
        OperationStamp first = OperationStamp.Last;
        if (late.Count > 0)
        {
            first = late[0].Operation.Stamp;
        }

        if (retracted.Count > 0 && retracted[0].Operation.Stamp < first)
        {
            first = retracted[0].Operation.Stamp;
        }

        return first;
    }

    private void MarkLate(LogPage operations)
    {
        for (int i = 0; i < operations.Count; i++)
        {
            nodes.Get(operations[i].Operation.Node)->Flags |= PlaceFlags.Late;
        }
    }

    /// <summary>Whether a node never was a parent and has no late operation: what others do does not depend on it, nor the other way round.</summary>
    private static bool IsPassedOver(in PlaceTable.Entry entry) => (entry.Flags & (PlaceFlags.WasParent | PlaceFlags.Late)) == 0;

    private void PutBack(in OperationStamp first)
    {
        OperationStamp from = first;
        bool isAfter = false;
        do
        {
            ReadPage(from, isAfter);
            Scanned += page.Count;
            for (int i = 0; i < page.Count; i++)
            {
                ref LogRow row = ref page[i];
                PlaceTable.Entry* entry = nodes.Get(row.Operation.Node);
                if (!entry->Has(PlaceFlags.Rewound) && !IsPassedOver(*entry))
                {
                    entry->Place = row.Undo;
                    entry->Flags |= PlaceFlags.Rewound | PlaceFlags.Assigned;
                }
            }

            Step(ref from, ref isAfter);
            nodes.CompactPositions(late, retracted);
        }
        while (page.Count >= pageRows);
    }

    private bool DoAgain(in OperationStamp first)
    {
        OperationStamp from = first;
        bool isAfter = false;
        bool isLast;
        do
        {
            ReadPage(from, isAfter);
            isLast = page.Count < pageRows;
            MergeLate(isLast ? OperationStamp.Last : page[page.Count - 1].Operation.Stamp);
            for (int i = 0; i < merged.Count; i++)
            {
                if (!Judge(merged[i]))
                {
                    return false;
                }
            }

            Step(ref from, ref isAfter);
            nodes.CompactPositions(late, retracted);
        }
        while (!isLast);
        Check.That(nextLate == late.Count && nextRetracted == retracted.Count);
        return true;
    }

    private void ReadPage(in OperationStamp from, bool isAfter)
    {
        page.Clear();
        store.ReadLog(from, isAfter, page, pageRows);
        groups.Sort(page);
    }

    private void Step(ref OperationStamp from, ref bool isAfter)
    {
        if (page.Count > 0)
        {
            from = page[page.Count - 1].Operation.Stamp;
            isAfter = true;
        }
    }

    /// <summary>Merges the page with the late operations up to a stamp; new rows have no undo yet, and are told by it.</summary>
    private void MergeLate(in OperationStamp end)
    {
        merged.Clear();
        int row = 0;
        while (row < page.Count || (nextLate < late.Count && late[nextLate].Operation.Stamp <= end))
        {
            bool takesLate = nextLate < late.Count && late[nextLate].Operation.Stamp <= end
                && (row == page.Count || groups.Compare(late[nextLate].Operation, page[row].Operation) < 0);
            merged.Add(takesLate ? late[nextLate++] with { Undo = NotStored } : page[row++]);
        }
    }

    /// <summary>The undo of a row that is not in the log yet: no node has that parent.</summary>
    private static TreePlace NotStored => new(-1, TreePosition.Null);

    private bool Judge(in LogRow row)
    {
        TreeOperation operation = row.Operation;
        if (nextRetracted < retracted.Count && retracted[nextRetracted].Operation == operation)
        {
            nextRetracted++;
            store.Delete(operation);
            Written++;
            return true;
        }

        if (!TreeLimits.IsBelieved(clock, operation.Stamp.Lamport))
        {
            return false;
        }

        clock = Math.Max(clock, operation.Stamp.Lamport);
        bool isNew = row.Undo == NotStored;
        if (!isNew && IsPassedOver(*nodes.Get(operation.Node)))
        {
            return true;
        }

        TreePlace undo = nodes.Place(operation.Node);
        bool isEffective = nodes.CanMove(operation.Node, operation.Place);
        if (isNew)
        {
            store.Insert(new LogRow(operation, undo, isEffective));
            Written++;
        }
        else if (undo != row.Undo || isEffective != row.IsEffective)
        {
            store.Update(new LogRow(operation, undo, isEffective));
            Written++;
        }

        if (isEffective)
        {
            nodes.Assign(operation.Node, operation.Place);
        }

        return true;
    }
}
