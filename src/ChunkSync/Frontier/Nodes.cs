using ChunkSync.Format;

namespace ChunkSync.Frontier;

/// <summary>The nodes of one tree while a fold works on them: what is stored, read once, and what the fold has made of it, written at its end.</summary>
/// <param name="store">What is stored.</param>
/// <param name="steps">How many steps up are taken one by one, in all; after them the way up is looked for in a <see cref="PathForest"/>.</param>
internal sealed unsafe class Nodes(ITreeStore store, long steps = Nodes.Steps) : IDisposable
{
    /// <summary>About a tenth of a second: only deep trees get there, and they would take hours.</summary>
    public const long Steps = 1 << 22;

    private readonly PlaceTable table = new();
    private readonly PathForest paths = new();
    private long walked;

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
        if (entry->Path != 0)
        {
            int path = entry->Path;
            paths.Cut(path);
            if (place.Parent != TreeLimits.Root)
            {
                paths.Link(path, PathOf(place.Parent));
            }
        }
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

        if (walked > steps)
        {
            return !paths.IsAbove(PathOf(node), PathOf(place.Parent));
        }

        // No cycle is ever stored, so this ends; a store that was damaged could have one.
        long up = place.Parent;
        long taken = 0;
        while (up != TreeLimits.Root && up != node)
        {
            up = Place(up).Parent;
            if (++taken > table.Count + 1)
            {
                throw NodeErrors.StoredCycle();
            }
        }

        walked += taken;
        return up == TreeLimits.Root;
    }

    /// <summary>Places are going to be set without <see cref="Assign"/>.</summary>
    public void ForgetPaths()
    {
        if (paths.Count > 0)
        {
            paths.Clear();
            for (long slot = 0; slot < table.Slots; slot++)
            {
                table.At(slot).Path = 0;
            }
        }
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
    public void Clear()
    {
        table.Clear();
        paths.Clear();
    }

    public void Dispose()
    {
        table.Dispose();
        paths.Dispose();
    }

    /// <summary>A node's number in the forest; it gets one, and those above it, where it has none.</summary>
    private int PathOf(long node)
    {
        PlaceTable.Entry* entry = Get(node);
        if (entry->Path != 0)
        {
            return entry->Path;
        }

        int first = paths.Add();
        entry->Path = first;
        int below = first;
        for (long up = entry->Place.Parent; up != TreeLimits.Root;)
        {
            entry = Get(up);
            int known = entry->Path;
            if (known >= first)
            {
                throw NodeErrors.StoredCycle();
            }

            int path = known != 0 ? known : paths.Add();
            paths.Link(below, path);
            if (known != 0)
            {
                break;
            }

            entry->Path = path;
            below = path;
            up = entry->Place.Parent;
        }

        return first;
    }

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
