using ChunkSync.Format;
using ChunkSync.Keys;
using ChunkSync.Sqlite;

namespace ChunkSync.Trees;

/// <summary>Goes over the rows below a key, depth first, siblings in order. One level a step is in memory: each child is found by a seek from the one
/// before it in the index on (parent, position, key).</summary>
internal sealed unsafe class TreeWalk : IDisposable
{
    private readonly TreeTable tree;
    private readonly NativeBuffer path = new();
    private readonly List<long> starts = [];
    private readonly Statement first;
    private readonly Statement sameNull;
    private readonly Statement afterNull;
    private readonly Statement same;
    private readonly Statement after;
    private readonly long maxDepth;
    private readonly bool hasStart;

    /// <summary>Prepares a walk.</summary>
    /// <param name="connection">The connection.</param>
    /// <param name="tree">The tree.</param>
    /// <param name="start">The key to begin below; NULL for the forest.</param>
    /// <param name="maxDepth">How deep to go; children have depth 1.</param>
    public TreeWalk(Connection connection, TreeTable tree, Value start, long maxDepth)
    {
        this.tree = tree;
        this.maxDepth = maxDepth;
        TreeNames names = tree.Names;
        string position = names.Position ?? "NULL";
        string order = names.Position == null ? names.Key : $"{names.Position}, {names.Key}";
        string select = $"SELECT {names.Key}, {position} FROM {names.Table} WHERE {names.Parent} IS ?1";
        first = connection.Prepare($"{select} ORDER BY {order} LIMIT 1");
        sameNull = connection.Prepare($"{select} AND {position} IS NULL AND {names.Key} > ?2 ORDER BY {order} LIMIT 1");
        afterNull = connection.Prepare($"{select} AND {position} IS NOT NULL ORDER BY {order} LIMIT 1");
        same = connection.Prepare($"{select} AND {position} = ?3 AND {names.Key} > ?2 ORDER BY {order} LIMIT 1");
        after = connection.Prepare($"{select} AND {position} > ?3 ORDER BY {order} LIMIT 1");
        hasStart = start.IsGiven;
        if (hasStart)
        {
            Push(start, default);
        }
    }

    /// <summary>How deep the row is below the start.</summary>
    public int Depth => starts.Count - (hasStart ? 1 : 0);

    /// <summary>The row's key, valid until the walk moves.</summary>
    public WireValue Key => Read(starts.Count - 1, 0);

    /// <summary>Its parent; NULL for the root.</summary>
    public WireValue Parent => starts.Count < 2 ? default : Read(starts.Count - 2, 0);

    /// <summary>Its position.</summary>
    public WireValue Position => Read(starts.Count - 1, 1);

    /// <summary>Goes to the next row.</summary>
    /// <exception cref="EngineException">The rows lead in a circle.</exception>
    public bool MoveNext()
    {
        if (Depth < maxDepth && TryDown())
        {
            return true;
        }

        while (Depth > 0)
        {
            if (TryNext())
            {
                return true;
            }

            Pop();
        }

        return false;
    }

    public void Dispose()
    {
        path.Dispose();
        foreach (Statement statement in (Statement[])[first, sameNull, afterNull, same, after])
        {
            statement.Dispose();
        }
    }

    private bool TryDown()
    {
        BindParent(first, starts.Count - 1);
        return TryTake(first, replaces: false);
    }

    private bool TryNext()
    {
        bool isNull = Position.Kind == WireKind.Null;
        return TryTake(Bind(isNull ? sameNull : same, isNull, hasKey: true), replaces: true)
            || TryTake(Bind(isNull ? afterNull : after, isNull, hasKey: false), replaces: true);
    }

    private Statement Bind(Statement statement, bool isNull, bool hasKey)
    {
        BindParent(statement, starts.Count - 2);
        if (hasKey)
        {
            StoredValue.BindCopy(statement, 2, Key);
        }

        if (!isNull)
        {
            StoredValue.BindCopy(statement, 3, Position);
        }

        return statement;
    }

    private void BindParent(Statement statement, int level)
    {
        if (level < 0)
        {
            statement.BindNull(1);
        }
        else
        {
            StoredValue.BindCopy(statement, 1, Read(level, 0));
        }
    }

    private bool TryTake(Statement row, bool replaces)
    {
        if (!row.Step())
        {
            row.Reset();
            return false;
        }

        if (replaces)
        {
            Pop();
        }

        Push(row.ColumnValue(0), row.ColumnValue(1));
        row.Reset();
        RefuseCircle();
        return true;
    }

    /// <summary>Rows that another library left in a circle come again and again: each is compared with one further up, at half the distance to the
    /// root or more (R. P. Brent, "An improved Monte Carlo factorization algorithm", BIT 20, 1980).</summary>
    private void RefuseCircle()
    {
        int level = starts.Count - 1;
        int anchor = level < 1 ? 0 : (1 << System.Numerics.BitOperations.Log2((uint)level)) - 1;
        if (level > 0 && anchor < level && Bytes(anchor).SequenceEqual(Bytes(level)))
        {
            throw TreeErrors.Circle(tree.Name, Key);
        }
    }

    private void Push(Value key, Value position)
    {
        starts.Add(path.Length);
        TreeValue.Append(path, key);
        if (position.IsGiven)
        {
            TreeValue.Append(path, position);
        }
        else
        {
            *path.Reserve(1) = ValueCodec.Null;
            path.Commit(1);
        }
    }

    private void Pop()
    {
        path.Truncate(starts[^1]);
        starts.RemoveAt(starts.Count - 1);
    }

    /// <summary>The key of a level, encoded.</summary>
    private ReadOnlySpan<byte> Bytes(int level)
    {
        ValueReader reader = new(path.Data + starts[level], path.Length - starts[level]);
        reader.TryRead(out _);
        return new ReadOnlySpan<byte>(path.Data + starts[level], (int)reader.Offset);
    }

    private WireValue Read(int level, int index)
    {
        ValueReader reader = new(path.Data + starts[level], path.Length - starts[level]);
        reader.TryRead(out WireValue value);
        if (index > 0)
        {
            reader.TryRead(out value);
        }

        return value;
    }
}
