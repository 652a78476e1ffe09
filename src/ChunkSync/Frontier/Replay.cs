namespace ChunkSync.Frontier;

/// <summary>Does a log again without writing and compares: the pieces of a rewind over everything.</summary>
internal sealed unsafe class Replay(ITreeStore store, int pageRows = 4096) : IDisposable
{
    private readonly Nodes nodes = new(store);
    private readonly StampGroups groups = new(store);
    private readonly LogPage page = new();

    /// <summary>What differs, in words.</summary>
    public string Difference { get; private set; } = "";

    /// <summary>Looks for the first difference.</summary>
    /// <param name="hasAll">Whether the log has every operation: then no node was anywhere before its first.</param>
    /// <returns>The node that it is about; null where there is none.</returns>
    public long? FindDifference(bool hasAll)
    {
        long? found = ForEachRow(row => PutBack(row, hasAll)) ?? ForEachRow(DoAgain);
        for (long slot = 0; slot < nodes.Table.Slots && found == null; slot++)
        {
            ref PlaceTable.Entry entry = ref nodes.Table.At(slot);
            if (entry.Node != 0 && store.ReadNode(entry.Node).Place != entry.Place)
            {
                Difference = "it is in another place than its operations put it";
                found = entry.Node;
            }
        }

        return found;
    }

    public void Dispose()
    {
        nodes.Dispose();
        groups.Dispose();
        page.Dispose();
    }

    private long? ForEachRow(Func<LogRow, bool> isRight)
    {
        OperationStamp from = OperationStamp.First;
        bool isAfter = false;
        do
        {
            page.Clear();
            store.ReadLog(from, isAfter, page, pageRows);
            groups.Sort(page);
            for (int i = 0; i < page.Count; i++)
            {
                if (!isRight(page[i]))
                {
                    return page[i].Operation.Node;
                }
            }

            if (page.Count > 0)
            {
                from = page[page.Count - 1].Operation.Stamp;
                isAfter = true;
            }

            nodes.CompactPositions();
        }
        while (page.Count >= pageRows);
        return null;
    }

    private bool PutBack(LogRow row, bool hasAll)
    {
        PlaceTable.Entry* entry = nodes.Get(row.Operation.Node);
        if (entry->Has(PlaceFlags.Rewound))
        {
            return true;
        }

        entry->Place = row.Undo;
        entry->Flags |= PlaceFlags.Rewound | PlaceFlags.WasParent;
        if (hasAll && row.Undo != default)
        {
            Difference = $"its first operation ({row.Operation.Stamp.Lamport}) has a place before it";
            return false;
        }

        return true;
    }

    private bool DoAgain(LogRow row)
    {
        TreeOperation operation = row.Operation;
        TreePlace undo = nodes.Place(operation.Node);
        bool isEffective = nodes.CanMove(operation.Node, operation.Place);
        if (undo != row.Undo || isEffective != row.IsEffective)
        {
            Difference = undo != row.Undo ? $"operation {operation.Stamp.Lamport} has another place before it"
                : $"operation {operation.Stamp.Lamport} {(isEffective ? "has effect and is stored without" : "has no effect and is stored with")}";
            return false;
        }

        if (operation.Place.Parent != TreeLimits.Root && !store.ReadNode(operation.Place.Parent).WasParent)
        {
            Difference = $"operation {operation.Stamp.Lamport} names a parent that is not known as one";
            return false;
        }

        if (isEffective)
        {
            nodes.Assign(operation.Node, operation.Place);
        }

        return true;
    }
}
