using ChunkSync.Format;
using ChunkSync.Keys;
using ChunkSync.Sqlite;

namespace ChunkSync.Trees;

/// <summary>The rows from the root down to a key.</summary>
internal sealed unsafe class TreePath : IDisposable
{
    private readonly NativeBuffer keys = new();
    private readonly List<long> starts = [];

    /// <summary>Goes up from a key.</summary>
    /// <exception cref="EngineException">The rows lead in a circle.</exception>
    public TreePath(Connection connection, TreeTable tree, Value key)
    {
        TreeNames names = tree.Names;
        using Statement above = connection.Prepare($"SELECT {names.Parent} FROM {names.Table} WHERE {names.Key} = ?1");
        Add(key);
        IsTopPresent = true;
        while (true)
        {
            StoredValue.BindCopy(above, 1, this[starts.Count - 1]);
            IsTopPresent = above.Step();
            if (!IsTopPresent || above.IsNull(0))
            {
                break;
            }

            Add(above.ColumnValue(0));
            above.Reset();
            RefuseCircle(tree);
        }
    }

    /// <summary>How many keys there are.</summary>
    public int Count => starts.Count;

    /// <summary>Whether the topmost key has a row.</summary>
    public bool IsTopPresent { get; }

    /// <summary>A key, from the one that was asked for upwards.</summary>
    public WireValue this[int index]
    {
        get
        {
            ValueReader reader = new(keys.Data + starts[index], keys.Length - starts[index]);
            reader.TryRead(out WireValue value);
            return value;
        }
    }

    public void Dispose() => keys.Dispose();

    private void Add(Value key)
    {
        starts.Add(keys.Length);
        TreeValue.Append(keys, key);
    }

    private ReadOnlySpan<byte> Bytes(int index) =>
        new(keys.Data + starts[index], (int)((index + 1 < starts.Count ? starts[index + 1] : keys.Length) - starts[index]));

    /// <summary>As in <see cref="TreeWalk"/>.</summary>
    private void RefuseCircle(TreeTable tree)
    {
        int level = starts.Count - 1;
        int anchor = (1 << System.Numerics.BitOperations.Log2((uint)level)) - 1;
        if (anchor < level && Bytes(anchor).SequenceEqual(Bytes(level)))
        {
            throw TreeErrors.Circle(tree.Name, this[level]);
        }
    }
}
