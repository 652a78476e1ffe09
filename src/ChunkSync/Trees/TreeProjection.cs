using System.Runtime.CompilerServices;
using ChunkSync.Frontier;
using ChunkSync.Merge;
using ChunkSync.Sqlite;

namespace ChunkSync.Trees;

/// <summary>Makes the rows show the tree at the end of a fold. Rows that are only in each other's way are arranged; one that is refused for good stops
/// the fold, or is put to the root, listed, and tried again by later folds.</summary>
/// <param name="tree">The tree.</param>
/// <param name="call">The call: whether what is refused stops it, and how writes of this table behave.</param>
/// <param name="budget">How many rows that were refused before are tried again; -1 for all.</param>
internal sealed unsafe class TreeProjection(TreeTable tree, MergeCall call, long budget) : IDisposable
{
    private const int MaxPasses = 8;

    private readonly NativeBuffer moving = new();
    private readonly TreeRows rows = tree.Rows;
    private readonly RefusedPlaces refused = tree.Refused;
    private readonly bool hasListed = tree.Refused.Any;
    private int left;
    private bool hasCleared;

    private int Count => (int)(moving.Length / sizeof(MovingRow));

    /// <summary>Writes the rows of the nodes that a fold has moved or folded, and of those that may differ for other reasons.</summary>
    public void Run(PlaceTable nodes)
    {
        rows.Current = 0;
        for (long slot = 0; slot < nodes.Slots; slot++)
        {
            ref PlaceTable.Entry entry = ref nodes.At(slot);
            if (entry.Node != 0 && IsProjected((PlaceTable.Entry*)Unsafe.AsPointer(ref entry)))
            {
                AddOrForget(entry.Node, hasListed && refused.IsListed(entry.Node));
            }
        }

        AddUnseen(nodes);
        AddListed(nodes);
        left = Count;
        Arrange();
        if (left > 0)
        {
            KeepRefused();
        }

        if (hasListed || hasCleared)
        {
            ForgetPlaced();
        }

        if (refused.Any)
        {
            BreakCircles();
        }

        rows.Current = 0;
    }

    public void Dispose() => moving.Dispose();

    private static bool IsProjected(PlaceTable.Entry* entry) => entry != null && (entry->Flags & (PlaceFlags.Moved | PlaceFlags.Folded)) != 0;

    private ref MovingRow At(int index) => ref ((MovingRow*)moving.Data)[index];

    private void Add(long node, bool isListed)
    {
        *(MovingRow*)moving.Reserve(sizeof(MovingRow)) = new MovingRow { Node = node, IsListed = isListed };
        moving.Commit(sizeof(MovingRow));
    }

    private void AddOrForget(long node, bool isListed)
    {
        if (rows.Differs(node))
        {
            Add(node, isListed);
        }
        else if (isListed)
        {
            refused.Forget(node);
        }
    }

    private void AddUnseen(PlaceTable nodes)
    {
        Statement dirty = refused.Unseen;
        long seen = 0;
        try
        {
            for (; dirty.Step(); seen++)
            {
                if (tree.Store.Keys.Find(dirty.ColumnValue(0)) is long node && !IsProjected(nodes.Find(node)) && rows.Differs(node))
                {
                    Add(node, isListed: false);
                }
            }
        }
        finally
        {
            dirty.Reset();
        }

        refused.ForgetUnseen(seen);
    }

    private void AddListed(PlaceTable nodes)
    {
        if (!hasListed)
        {
            return;
        }

        Statement listed = refused.Listed(budget);
        try
        {
            while (listed.Step())
            {
                if (tree.Store.Keys.Find(listed.ColumnValue(0)) is long node && !IsProjected(nodes.Find(node)))
                {
                    AddOrForget(node, isListed: true);
                }
            }
        }
        finally
        {
            listed.Reset();
        }
    }

    /// <summary>Writes all of them, in passes as long as one places anything; where rows hold each other's values in a circle, those let go of them
    /// first.</summary>
    private void Arrange()
    {
        Pass(isBackward: false);
        Settle();
        if (left > 0 && Count > 1)
        {
            hasCleared = true;
            for (int i = 0; i < Count; i++)
            {
                if (!At(i).IsPlaced)
                {
                    rows.TryWrite(At(i).Node, PlaceForm.Clear, call);
                }
            }

            Pass(isBackward: false);
            Settle();
        }
    }

    private void Settle()
    {
        int before = Count;
        for (int pass = 0; pass < MaxPasses && left > 0 && left < before; pass++)
        {
            before = left;
            Pass(isBackward: pass % 2 == 0);
        }
    }

    private void Pass(bool isBackward)
    {
        int count = Count;
        for (int i = 0; i < count; i++)
        {
            ref MovingRow row = ref At(isBackward ? count - 1 - i : i);
            if (row.IsPlaced)
            {
                continue;
            }

            if (rows.TryWrite(row.Node, PlaceForm.Place, call))
            {
                row.IsPlaced = true;
                left--;
            }
            else if (!call.Keeps && !row.IsListed && (count == 1 || rows.Refusal!.Code != ResultCode.ConstraintUnique))
            {
                throw rows.Refusal!;
            }
        }
    }

    private void KeepRefused()
    {
        for (int i = 0; i < Count; i++)
        {
            ref MovingRow row = ref At(i);
            if (row.IsPlaced)
            {
                continue;
            }

            if (rows.TryWrite(row.Node, PlaceForm.Place, call))
            {
                row.IsPlaced = true;
                continue;
            }

            if (!call.Keeps && !row.IsListed)
            {
                throw rows.Refusal!;
            }

            (RefusalReason reason, EngineException refusal) = (rows.Reason, rows.Refusal!);
            ReadOnlySpan<byte> holder = refusal.Code == ResultCode.ConstraintUnique ? tree.Holders.Find(row.Node) : default;
            refused.Note(row.Node, reason, refusal.Message, holder);
            GoToRoot(row.Node);
        }
    }

    /// <summary>Puts a row that cannot have its place to the root, never back to where it was: that could close a circle.</summary>
    /// <returns>False where it refuses that, too, and stays.</returns>
    private bool GoToRoot(long node)
    {
        bool isThere = rows.TryWrite(node, PlaceForm.Root, call) || (tree.Names.Position != null && rows.TryWrite(node, PlaceForm.Clear, call));
        rows.ParkRefused(node);
        return isThere;
    }

    private void ForgetPlaced()
    {
        for (int i = 0; i < Count; i++)
        {
            if (At(i).IsPlaced)
            {
                refused.Forget(At(i).Node);
            }
        }
    }

    /// <summary>Above a row that refused to leave its old place there can be one that has moved below it: that one goes to the root, until the other
    /// one moves.</summary>
    private void BreakCircles()
    {
        for (int i = 0; i < Count; i++)
        {
            long node = At(i).Node;
            if (!At(i).IsPlaced || !rows.LeadsTo(rows.Up(node), node))
            {
                continue;
            }

            rows.Current = node;
            EngineException circle = new(ResultCode.Constraint, $"{tree.Name}: the place of {rows.Describe(node)} lies below a row that cannot leave its own");
            if (!call.Keeps || !GoToRoot(node))
            {
                throw circle;
            }

            refused.Note(node, RefusalReason.Constraint, circle.Message, default);
        }
    }
}
