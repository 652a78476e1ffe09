using ChunkSync.Format;

namespace ChunkSync.Frontier;

/// <summary>The nodes of one tree while a fold works on them: what is stored, read once, and what the fold has made of it, written at its end.</summary>
internal sealed unsafe class Nodes(ITreeStore store) : IDisposable
{
    private readonly PlaceTable table = new();

    /// <summary>What the fold knows of the nodes it has come across.</summary>
    public PlaceTable Table => table;

    /// <summary>The entry of a node. The address is valid until the next call.</summary>
    public PlaceTable.Entry* Get(long node)
    {
        PlaceTable.Entry* entry = table.Find(node);
        return entry != null ? entry : Read(node);
    }

    /// <summary>Where a node is now.</summary>
    public TreePlace Place(long node) => Get(node)->Place;

    /// <summary>Puts a node somewhere.</summary>
    public void Assign(long node, in TreePlace place)
    {
        PlaceTable.Entry* entry = Get(node);
        entry->Place = place;
        entry->Flags |= PlaceFlags.Assigned;
    }

    /// <summary>Notes an operation: its parent is one from now on, before any operation is judged.</summary>
    public void Name(in TreeOperation operation)
    {
        Get(operation.Node)->Flags |= PlaceFlags.Folded;
        if (operation.Place.Parent == TreeLimits.Root)
        {
            return;
        }

        PlaceTable.Entry* parent = Get(operation.Place.Parent);
        if (!parent->Has(PlaceFlags.WasParent))
        {
            parent->Flags |= PlaceFlags.WasParent;
            store.MarkParent(operation.Place.Parent);
        }
    }

    /// <summary>Whether a node may go to a place now: not below itself.</summary>
    public bool CanMove(long node, in TreePlace place)
    {
        if (place.Parent == TreeLimits.Root || !Get(node)->Has(PlaceFlags.WasParent))
        {
            return true;
        }

        // No cycle is ever stored, so this ends; a store that was damaged could have one.
        long up = place.Parent;
        long steps = 0;
        while (up != TreeLimits.Root && up != node)
        {
            up = Place(up).Parent;
            if (++steps > table.Count + 1)
            {
                throw NodeErrors.StoredCycle();
            }
        }

        return up == TreeLimits.Root;
    }

    /// <summary>Stores where the nodes are.</summary>
    /// <returns>How many were somewhere else.</returns>
    public long Store()
    {
        long moved = 0;
        for (long slot = 0; slot < table.Slots; slot++)
        {
            ref PlaceTable.Entry entry = ref table.At(slot);
            if (entry.Node == 0 || !entry.Has(PlaceFlags.Assigned))
            {
                continue;
            }

            if (store.ReadNode(entry.Node).Place == entry.Place)
            {
                entry.Flags &= ~PlaceFlags.Assigned;
                continue;
            }

            store.WriteNode(entry.Node, entry.Place);
            entry.Flags = (entry.Flags & ~PlaceFlags.Assigned) | PlaceFlags.Moved;
            moved++;
        }

        return moved;
    }

    /// <summary>Forgets what a rewind has marked: another one may follow.</summary>
    public void EndRewind()
    {
        for (long slot = 0; slot < table.Slots; slot++)
        {
            table.At(slot).Flags &= ~(PlaceFlags.Rewound | PlaceFlags.Late);
        }
    }

    /// <summary>Between two pages: what the nodes and some operations show is needed, and no other long position.</summary>
    public void CompactPositions(params ReadOnlySpan<LogPage> operations)
    {
        PositionPool positions = store.Positions;
        if (!positions.IsWorthCompacting)
        {
            return;
        }

        positions.BeginCompaction();
        for (long slot = 0; slot < table.Slots; slot++)
        {
            ref PlaceTable.Entry entry = ref table.At(slot);
            if (entry.Node != 0)
            {
                entry.Place = entry.Place with { Position = positions.Move(entry.Place.Position) };
            }
        }

        foreach (LogPage page in operations)
        {
            page.MovePositions(positions);
        }

        positions.EndCompaction();
    }

    /// <summary>Forgets all of them.</summary>
    public void Clear() => table.Clear();

    public void Dispose() => table.Dispose();

    private PlaceTable.Entry* Read(long node)
    {
        Check.That(node > 0);
        NodeState state = store.ReadNode(node);
        PlaceTable.Entry* entry = table.Add(node);
        entry->Place = state.Place;
        entry->Flags = state.WasParent ? PlaceFlags.WasParent : PlaceFlags.None;
        return entry;
    }
}
