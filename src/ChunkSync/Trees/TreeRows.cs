using System.Runtime.CompilerServices;
using ChunkSync.Frontier;
using ChunkSync.Sqlite;

namespace ChunkSync.Trees;

/// <summary>Makes the rows of a tree table show where their nodes are. What a row shows is a function of the tree, of the rows that are here and of
/// the declared foreign key, so that replicas agree.</summary>
internal sealed unsafe class TreeRows : IDisposable
{
    private readonly Connection connection;
    private readonly TreeTable tree;
    private readonly Statement differs;
    private readonly Statement hasRow;
    private readonly Statement write;
    private readonly Statement clear;
    private readonly Statement park;
    private readonly Statement dirty;
    private readonly Statement allDirty;
    private readonly Statement uniques;
    private readonly NativeBuffer moving = new();

    public TreeRows(Connection connection, TreeTable tree)
    {
        this.connection = connection;
        this.tree = tree;
        TreeNames names = tree.Names;
        string row = $"{names.Key} = ?1 AND typeof({names.Key}) = typeof(?1)";
        string same = $"{names.Parent} COLLATE BINARY IS ?2" + (names.Position == null ? "" : $" AND {names.Position} COLLATE BINARY IS ?3");
        string assign = $"{names.Parent} = ?2" + (names.Position == null ? "" : $", {names.Position} = ?3");
        differs = connection.Prepare($"SELECT NOT ({same}) FROM {names.Table} WHERE {row}");
        hasRow = connection.Prepare($"SELECT 1 FROM {names.Table} WHERE {row}");
        write = connection.Prepare($"UPDATE {names.Table} SET {assign} WHERE {row}");
        clear = connection.Prepare($"UPDATE {names.Table} SET {names.Parent} = NULL WHERE {row}");
        park = connection.Prepare($"UPDATE {names.Node} SET parked = ?2 WHERE nid = ?1 AND parked <> ?2");
        dirty = connection.Prepare($"SELECT key FROM {names.Dirty}");
        allDirty = connection.Prepare($"INSERT OR IGNORE INTO {names.Dirty}(key) SELECT {names.Key} FROM {names.Table}"
            + $" WHERE EXISTS (SELECT 1 FROM {names.Node} WHERE key = +{names.Key})");
        uniques = connection.Prepare(
            """
            SELECT EXISTS (SELECT 1 FROM pragma_index_list(?1, 'main') AS l WHERE l."unique" AND EXISTS (SELECT 1 FROM pragma_index_info(l.name, 'main') AS i
            WHERE i.name IS NULL OR i.name = ?2 COLLATE NOCASE OR i.name = ?3 COLLATE NOCASE))
            """);
    }

    /// <summary>The node whose row is being written, for messages.</summary>
    public long Current { get; private set; }

    /// <summary>Makes every row be looked at in the next fold.</summary>
    public void MakeAllDirty() => allDirty.Run();

    /// <summary>A user has put a row somewhere: it shows that place.</summary>
    public void Unpark(long node)
    {
        if (tree.HasForeignKey)
        {
            park.Bind(1, node).Bind(2, 0);
            park.Run();
        }
    }

    /// <summary>Writes the rows of the nodes that a fold has moved or folded, and of those that may differ for other reasons.</summary>
    public void Project(PlaceTable nodes)
    {
        moving.Clear();
        Current = 0;
        for (long slot = 0; slot < nodes.Slots; slot++)
        {
            ref PlaceTable.Entry entry = ref nodes.At(slot);
            if (entry.Node != 0 && IsProjected((PlaceTable.Entry*)Unsafe.AsPointer(ref entry)) && Differs(entry.Node))
            {
                Move(entry.Node);
            }
        }

        AddDirty(nodes);
        long count = moving.Length / sizeof(long);
        bool clears = count > 1 && IsUnique();
        for (long i = 0; i < count && clears; i++)
        {
            Clear(((long*)moving.Data)[i]);
        }

        for (long i = 0; i < count; i++)
        {
            Write(((long*)moving.Data)[i]);
        }

        Current = 0;
    }

    public void Dispose()
    {
        moving.Dispose();
        foreach (Statement statement in (Statement[])[differs, hasRow, write, clear, park, dirty, allDirty, uniques])
        {
            statement.Dispose();
        }
    }

    private void Move(long node)
    {
        *(long*)moving.Reserve(sizeof(long)) = node;
        moving.Commit(sizeof(long));
    }

    private void AddDirty(PlaceTable nodes)
    {
        try
        {
            while (dirty.Step())
            {
                if (tree.Store.FindNumber(dirty.ColumnValue(0)) is long node && !IsProjected(nodes.Find(node)) && Differs(node))
                {
                    Move(node);
                }
            }
        }
        finally
        {
            dirty.Reset();
        }

        connection.Execute($"DELETE FROM {tree.Names.Dirty}");
    }

    private static bool IsProjected(PlaceTable.Entry* entry) => entry != null && (entry->Flags & (PlaceFlags.Assigned | PlaceFlags.Folded)) != 0;

    /// <summary>Whether the node's row is here and shows another place than it should; parks it as it has to be.</summary>
    private bool Differs(long node)
    {
        Current = node;
        BindShown(differs, node);
        bool isHere = differs.Step();
        bool isOther = isHere && differs.Int64(0) != 0;
        differs.Reset();
        return isOther;
    }

    private void Write(long node)
    {
        Current = node;
        BindShown(write, node);
        write.Run();
        if (connection.Changes == 0)
        {
            throw new EngineException(ResultCode.Constraint, $"{tree.Name}: a trigger kept the row with key {Describe(node)} in its place");
        }
    }

    private void Clear(long node)
    {
        Current = node;
        BindKey(clear, 1, node);
        clear.Run();
    }

    /// <summary>Binds a node's key, and where its row should be.</summary>
    private void BindShown(Statement statement, long node)
    {
        TreePlace place = tree.Store.ReadNode(node).Place;
        BindKey(statement, 1, node);
        bool isParked = place.Parent != TreeLimits.Root && tree.HasForeignKey && !HasRow(place.Parent);
        if (place.Parent == TreeLimits.Root || isParked)
        {
            statement.BindNull(2);
        }
        else
        {
            BindKey(statement, 2, place.Parent);
        }

        if (tree.Names.Position != null)
        {
            TreeValue.Bind(statement, 3, place.Position, tree.Store.Positions, nullAsBlob: false);
        }

        if (tree.HasForeignKey)
        {
            park.Bind(1, node).Bind(2, isParked ? 1 : 0);
            park.Run();
        }
    }

    private bool HasRow(long node)
    {
        BindKey(hasRow, 1, node);
        bool found = hasRow.Step();
        hasRow.Reset();
        return found;
    }

    private void BindKey(Statement statement, int index, long node)
    {
        Statement key = tree.Store.KeyOf(node);
        statement.Bind(index, key.ColumnValue(0));
        key.Reset();
    }

    /// <summary>A node's key as messages show it.</summary>
    public string Describe(long node)
    {
        Statement key = tree.Store.KeyOf(node);
        string text = SqlText.Describe(key.ColumnValue(0));
        key.Reset();
        return text;
    }

    /// <summary>Whether a row in its new place can collide with one that has not left its old one yet.</summary>
    private bool IsUnique()
    {
        uniques.Bind(1, tree.Name).Bind(2, tree.Names.Registration.ParentColumn).Bind(3, tree.Names.Registration.PositionColumn ?? tree.Names.Registration.ParentColumn);
        bool found = uniques.Step() && uniques.Int64(0) != 0;
        uniques.Reset();
        return found;
    }
}
