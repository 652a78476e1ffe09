using ChunkSync.Format;
using ChunkSync.Sqlite;

namespace ChunkSync.Frontier;

/// <summary>Says whether a node is above another in O(log n), amortized, however deep they are: rooted link-cut trees (D. Sleator, R. Tarjan, "Self-adjusting
/// binary search trees", JACM 32, 1985), 12 bytes a node in native memory. Nodes are numbers from 1, in the order in which they were added; 0 is none.</summary>
internal sealed unsafe class PathForest : IDisposable
{
    private readonly NativeBuffer memory = new();

    /// <summary>A node of a splay tree whose keys are depths. The top of one names what its path hangs below.</summary>
    private struct Item
    {
        public int Up;
        public int Left;
        public int Right;
    }

    /// <summary>How many nodes there are.</summary>
    public int Count { get; private set; }

    private Item* Items => (Item*)memory.Data;

    /// <summary>Adds a node without a parent.</summary>
    /// <returns>Its number.</returns>
    public int Add()
    {
        int needed = Count == 0 ? 2 : 1;
        Item* item = (Item*)memory.Reserve(needed * sizeof(Item));
        new Span<Item>(item, needed).Clear();
        memory.Commit(needed * sizeof(Item));
        return ++Count;
    }

    /// <summary>Puts a node, which has no parent, below another that is not below it.</summary>
    public void Link(int node, int parent)
    {
        Check.That(IsNode(node) && IsNode(parent) && node != parent);
        Expose(node);
        Items[node].Up = parent;
    }

    /// <summary>Takes a node away from its parent, if it has one.</summary>
    public void Cut(int node)
    {
        Check.That(IsNode(node));
        Expose(node);
        int above = Items[node].Left;
        if (above != 0)
        {
            Items[above].Up = 0;
            Items[node].Left = 0;
        }
    }

    /// <summary>Whether a node is another one, or above it.</summary>
    public bool IsAbove(int node, int other)
    {
        Check.That(IsNode(node) && IsNode(other));
        Expose(other);
        if (node == other)
        {
            return true;
        }

        // The other one is the top of its path, which hangs below nothing; it ceases to be that exactly when the node is on that path, too.
        Splay(node);
        return Items[other].Up != 0;
    }

    /// <summary>Forgets all nodes, and their memory.</summary>
    public void Clear()
    {
        memory.Dispose();
        Count = 0;
    }

    public void Dispose() => Clear();

    private bool IsNode(int node) => node > 0 && node <= Count;

    /// <summary>Makes the way from the root to a node one path, with the node as its top.</summary>
    private void Expose(int node)
    {
        int below = 0;
        for (int at = node; at != 0; at = Items[at].Up)
        {
            Splay(at);
            Items[at].Right = below;
            below = at;
        }

        Splay(node);
    }

    private bool IsTop(int node)
    {
        int up = Items[node].Up;
        return up == 0 || (Items[up].Left != node && Items[up].Right != node);
    }

    private void Splay(int node)
    {
        while (!IsTop(node))
        {
            int up = Items[node].Up;
            if (!IsTop(up))
            {
                bool isStraight = (Items[up].Left == node) == (Items[Items[up].Up].Left == up);
                Rotate(isStraight ? up : node);
            }

            Rotate(node);
        }
    }

    private void Rotate(int node)
    {
        Item* items = Items;
        int up = items[node].Up;
        int above = items[up].Up;
        if (!IsTop(up))
        {
            _ = items[above].Left == up ? items[above].Left = node : items[above].Right = node;
        }

        int moved;
        if (items[up].Left == node)
        {
            moved = items[node].Right;
            items[up].Left = moved;
            items[node].Right = up;
        }
        else
        {
            moved = items[node].Left;
            items[up].Right = moved;
            items[node].Left = up;
        }

        if (moved != 0)
        {
            items[moved].Up = up;
        }

        items[up].Up = node;
        items[node].Up = above;
    }
}
