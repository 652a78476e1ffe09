using ChunkSync.Format;
using ChunkSync.Sqlite;

namespace ChunkSync.Trees;

/// <summary>The keys of a tree's nodes, and the nodes' numbers.</summary>
internal sealed unsafe class TreeKeys : IDisposable
{
    private readonly Connection connection;
    private readonly TreeStore store;
    private readonly Statement addNode;
    private readonly Statement findNode;
    private readonly Statement keyOfNode;
    private readonly NativeBuffer pk = new();

    public TreeKeys(Connection connection, TreeStore store)
    {
        this.connection = connection;
        this.store = store;
        string nodes = store.Names.Node;
        addNode = connection.Prepare($"INSERT INTO {nodes}(key) VALUES (?1)");
        findNode = connection.Prepare($"SELECT nid FROM {nodes} WHERE key = ?1");
        keyOfNode = connection.Prepare($"SELECT key FROM {nodes} WHERE nid = ?1");
    }

    /// <summary>The number of a key; it gets one where it has none.</summary>
    public long Number(Value key)
    {
        long? known = Find(key);
        if (known is long number)
        {
            return number;
        }

        // The program's own last_insert_rowid stays.
        long lastRowId = Sqlite3.Api->last_insert_rowid(connection.Handle);
        addNode.Bind(1, key);
        store.Write(addNode);
        number = Sqlite3.Api->last_insert_rowid(connection.Handle);
        Sqlite3.Api->set_last_insert_rowid(connection.Handle, lastRowId);
        return number;
    }

    /// <summary>The number of a key; null where no operation has named it.</summary>
    public long? Find(Value key)
    {
        findNode.Bind(1, key);
        long? number = findNode.Step() ? findNode.Int64(0) : null;
        findNode.Reset();
        return number;
    }

    /// <summary>Binds a node's key.</summary>
    public void Bind(Statement statement, int index, long node)
    {
        Value key = GoToKey(node);
        try
        {
            statement.Bind(index, key);
        }
        finally
        {
            keyOfNode.Reset();
        }
    }

    /// <summary>Appends a node's key in the bytes of a key (format A.4).</summary>
    public void Append(long node, NativeBuffer target)
    {
        Value key = GoToKey(node);
        try
        {
            TreeValue.Append(target, key);
        }
        finally
        {
            keyOfNode.Reset();
        }
    }

    /// <summary>The pk blob of a node's row; valid until the next one is asked for.</summary>
    public NativeBytes PkBlob(long node)
    {
        pk.Clear();
        *pk.Reserve(1) = 1;
        pk.Commit(1);
        Append(node, pk);
        return new NativeBytes(pk.Data, checked((int)pk.Length));
    }

    /// <summary>A node's key as messages show it.</summary>
    public string Describe(long node)
    {
        Value key = GoToKey(node);
        try
        {
            return SqlText.Describe(key);
        }
        finally
        {
            keyOfNode.Reset();
        }
    }

    public void Dispose()
    {
        addNode.Dispose();
        findNode.Dispose();
        keyOfNode.Dispose();
        pk.Dispose();
    }

    private Value GoToKey(long node)
    {
        keyOfNode.Bind(1, node);
        if (!keyOfNode.Step())
        {
            keyOfNode.Reset();
            throw TreeErrors.Damaged(store.Names.Registration.Table, $"there is no node {node}");
        }

        return keyOfNode.ColumnValue(0);
    }
}
