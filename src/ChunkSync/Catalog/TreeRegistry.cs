using ChunkSync.Session;
using ChunkSync.Sqlite;

namespace ChunkSync.Catalog;

/// <summary>Table <c>cloudsync_tree</c>: which tables are trees, and what is known of their last fold. It is made by the first one.</summary>
internal sealed class TreeRegistry
{
    private const string Name = "cloudsync_tree";

    private readonly Connection connection;
    private readonly Statement exists;
    private readonly Statement read;
    private readonly Statement store;
    private readonly Statement remove;
    private readonly Statement state;
    private readonly Statement storeFailure;
    private readonly Statement storeFloor;
    private readonly Statement storeVoid;

    public TreeRegistry(Connection connection)
    {
        this.connection = connection;
        exists = connection.Prepare($"SELECT 1 FROM main.sqlite_master WHERE type = 'table' AND name = '{Name}' COLLATE NOCASE");
        read = connection.Prepare($"SELECT tbl, parent_col, pos_col FROM main.{Name}");
        store = connection.Prepare($"INSERT OR REPLACE INTO main.{Name}(tbl, parent_col, pos_col, floor_lamport, void) VALUES (?1, ?2, ?3,"
            + $" (SELECT floor_lamport FROM main.{Name} WHERE tbl = ?1), coalesce((SELECT void FROM main.{Name} WHERE tbl = ?1), 0))");
        remove = connection.Prepare($"DELETE FROM main.{Name} WHERE tbl = ?1");
        state = connection.Prepare($"SELECT floor_lamport, void, last_error, last_error_at FROM main.{Name} WHERE tbl = ?1");
        storeFailure = connection.Prepare($"UPDATE main.{Name} SET last_error = ?2, last_error_at = CASE WHEN ?2 IS NULL THEN NULL"
            + " ELSE CAST(strftime('%s', 'now') AS INTEGER) END WHERE tbl = ?1 AND last_error IS NOT ?2");
        storeFloor = connection.Prepare($"UPDATE main.{Name} SET floor_lamport = ?2 WHERE tbl = ?1 AND floor_lamport IS NOT ?2");
        storeVoid = connection.Prepare($"UPDATE main.{Name} SET void = max(0, void + ?2) WHERE tbl = ?1");
    }

    /// <summary>The table's definition.</summary>
    public static MetadataTable Table { get; } = new(
        Name, "(tbl TEXT PRIMARY KEY NOT NULL COLLATE NOCASE, parent_col TEXT NOT NULL, pos_col TEXT, floor_lamport INTEGER,"
        + " void INTEGER NOT NULL DEFAULT 0, last_error TEXT, last_error_at INTEGER) WITHOUT ROWID", IsOnDemand: true);

    /// <summary>All trees.</summary>
    public List<TreeRegistration> ReadAll()
    {
        List<TreeRegistration> all = [];
        if (!IsThere())
        {
            return all;
        }

        while (read.Step())
        {
            all.Add(new TreeRegistration(read.String(0), read.String(1), read.IsNull(2) ? null : read.String(2)));
        }

        read.Reset();
        return all;
    }

    /// <summary>Makes a table a tree, or gives a tree other columns.</summary>
    public void Store(TreeRegistration tree)
    {
        connection.Execute(Table.CreateSql);
        store.Bind(1, tree.Table).Bind(2, tree.ParentColumn);
        _ = tree.PositionColumn == null ? store.BindNull(3) : store.Bind(3, tree.PositionColumn);
        store.Run();
    }

    /// <summary>Ends one.</summary>
    public void Remove(string table)
    {
        if (IsThere())
        {
            remove.Bind(1, table);
            remove.Run();
        }
    }

    /// <summary>What is known of a tree beside its columns.</summary>
    public (long? Floor, long Void, string? Failure, long? FailedAt) State(string table)
    {
        state.Bind(1, table);
        (long?, long, string?, long?) result = !state.Step() ? default : (
            state.IsNull(0) ? null : state.Int64(0), state.Int64(1), state.IsNull(2) ? null : state.String(2), state.IsNull(3) ? null : state.Int64(3));
        state.Reset();
        return result;
    }

    /// <summary>Stores why the last fold failed; null when it did not.</summary>
    public void StoreFailure(string table, string? text)
    {
        storeFailure.Bind(1, table);
        _ = text == null ? storeFailure.BindNull(2) : storeFailure.Bind(2, text);
        storeFailure.Run();
    }

    /// <summary>Stores up to which clock value the log was compacted.</summary>
    public void StoreFloor(string table, long? floor)
    {
        storeFloor.Bind(1, table);
        _ = floor is long value ? storeFloor.Bind(2, value) : storeFloor.BindNull(2);
        storeFloor.Run();
    }

    /// <summary>Counts operations that never count.</summary>
    public void AddVoid(string table, long count)
    {
        storeVoid.Bind(1, table).Bind(2, count);
        storeVoid.Run();
    }

    private bool IsThere()
    {
        bool found = exists.Step();
        exists.Reset();
        return found;
    }
}
