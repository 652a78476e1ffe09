using ChunkSync.Session;
using ChunkSync.Sqlite;

namespace ChunkSync.Catalog;

/// <summary>Table <c>cloudsync_table_settings</c> (behaviour E.3): what is set for tables and for columns. Before the first init there is no
/// table: nothing is set.</summary>
internal sealed class TableSettingStore
{
    /// <summary>The column of what is set for a table.</summary>
    public const string WholeTable = "*";

    /// <summary>Key: the CRDT of a table; of a column <see cref="Block"/>.</summary>
    public const string Algorithm = "algo";

    /// <summary>Key: the row filter of a table.</summary>
    public const string Filter = "filter";

    /// <summary>Key: what separates the blocks of a column.</summary>
    public const string Delimiter = "delimiter";

    /// <summary>Value of <see cref="Algorithm"/> of a column that is stored as blocks.</summary>
    public const string Block = "block";

    private readonly SiteDirectory sites;
    private readonly Statement all;
    private readonly Statement ofTable;
    private readonly Statement names;
    private readonly Statement storedName;
    private readonly Statement column;
    private readonly Statement set;
    private readonly Statement keep;
    private readonly Statement remove;
    private readonly Statement removeAll;
    private readonly Statement initialize;

    public TableSettingStore(SyncSession session)
    {
        sites = session.Sites;
        Connection connection = session.Connection;
        string table = "main." + Table.Name;
        all = connection.Prepare($"SELECT tbl_name, col_name, key, value FROM {table} ORDER BY 1, 2, 3");
        ofTable = connection.Prepare($"SELECT key, value FROM {table} WHERE tbl_name = ?1 AND col_name = '{WholeTable}' ORDER BY 1");
        names = connection.Prepare($"SELECT tbl_name FROM {table} ORDER BY tbl_name COLLATE NOCASE, col_name COLLATE NOCASE, key");
        storedName = connection.Prepare($"SELECT tbl_name FROM {table} WHERE tbl_name = ?1 LIMIT 1");
        column = connection.Prepare($"SELECT value FROM {table} WHERE tbl_name = ?1 AND col_name = ?2 AND key = ?3");
        set = connection.Prepare($"INSERT OR REPLACE INTO {table}(tbl_name, col_name, key, value) VALUES (?1, ?2, ?3, ?4)");
        keep = connection.Prepare($"INSERT INTO {table}(tbl_name, col_name, key, value) VALUES (?1, '{WholeTable}', ?2, ?3)"
            + " ON CONFLICT(tbl_name, col_name, key) DO UPDATE SET value = excluded.value WHERE value IS NOT excluded.value");
        remove = connection.Prepare($"DELETE FROM {table} WHERE tbl_name = ?1 AND col_name = ?2 AND key = ?3");
        removeAll = connection.Prepare($"DELETE FROM {table} WHERE tbl_name = ?1");
        initialize = connection.Prepare($"INSERT INTO {table}(tbl_name, col_name, key, value) VALUES (?1, '{WholeTable}', '{Algorithm}', ?2)"
            + " ON CONFLICT(tbl_name, col_name, key) DO UPDATE SET value = excluded.value"
            + $" WHERE lower(value) NOT IN ({string.Join(", ", CrdtAlgorithms.Names.Select(Connection.Literal))})");
    }

    /// <summary>The table.</summary>
    public static MetadataTable Table { get; } = new("cloudsync_table_settings", "(tbl_name TEXT NOT NULL COLLATE NOCASE,"
        + " col_name TEXT NOT NULL COLLATE NOCASE, key TEXT, value TEXT, PRIMARY KEY(tbl_name,col_name,key))");

    /// <summary>Whether anything is set.</summary>
    public bool Any()
    {
        if (!sites.HasLocal)
        {
            return false;
        }

        bool any = all.Step();
        all.Reset();
        return any;
    }

    /// <summary>A hash of everything, to notice that another connection changed it; 0 when there is nothing.</summary>
    public int Hash()
    {
        if (!sites.HasLocal)
        {
            return 0;
        }

        HashCode hash = default;
        while (all.Step())
        {
            for (int i = 0; i < 4; i++)
            {
                hash.Add(all.Type(i));
                hash.AddBytes(all.Text(i));
            }
        }

        all.Reset();
        return hash.ToHashCode();
    }

    /// <summary>What is set for tables, by their names in lower case.</summary>
    public Dictionary<string, TableSettings> ReadTables()
    {
        Dictionary<string, TableSettings> result = [];
        while (all.Step())
        {
            if (all.String(1) != WholeTable)
            {
                continue;
            }

            string table = AsciiNames.Lower(all.String(0));
            result.TryGetValue(table, out TableSettings entry);
            result[table] = Apply(entry, all.String(2), all.String(3));
        }

        all.Reset();
        return result;
    }

    /// <summary>What is set for one table.</summary>
    public TableSettings ReadTable(string table)
    {
        TableSettings result = default;
        ofTable.Bind(1, table);
        while (ofTable.Step())
        {
            result = Apply(result, ofTable.String(0), ofTable.String(1));
        }

        ofTable.Reset();
        return result;
    }

    /// <summary>The tables that have settings, in the order of their names. One can be spelled in several ways; its first setting tells which
    /// one counts.</summary>
    public List<string> Names()
    {
        List<string> result = [];
        byte[]? last = null;
        while (names.Step())
        {
            if (last == null || !AsciiNames.Same(last, names.Text(0)))
            {
                last = names.Text(0).ToArray();
                result.Add(names.String(0));
            }
        }

        names.Reset();
        return result;
    }

    /// <summary>The spelling of a table that has settings; null for others.</summary>
    public string? StoredName(string table)
    {
        if (!sites.HasLocal)
        {
            return null;
        }

        storedName.Bind(1, table);
        string? found = storedName.Step() ? storedName.String(0) : null;
        storedName.Reset();
        return found;
    }

    /// <summary>A setting of a column; null when it is not stored.</summary>
    public string? OfColumn(string table, string name, string key)
    {
        column.Bind(1, table).Bind(2, name).Bind(3, key);
        string? value = column.Step() ? column.String(0) : null;
        column.Reset();
        return value;
    }

    /// <summary>Whether a column is stored as blocks.</summary>
    public bool IsBlockColumn(string table, string name) => OfColumn(table, name, Algorithm) == Block;

    /// <summary>Stores a setting, or removes it when the value is null. Cached metadata is the caller's to invalidate.</summary>
    public void Set(string table, string name, string key, string? value)
    {
        Statement statement = value == null ? remove : set;
        statement.Bind(1, table).Bind(2, name).Bind(3, key);
        if (value != null)
        {
            statement.Bind(4, value);
        }

        statement.Run();
    }

    /// <summary>Stores a setting of a table; nothing is written where it has that value.</summary>
    public void Keep(string table, string key, string value)
    {
        keep.Bind(1, table).Bind(2, key).Bind(3, value);
        keep.Run();
    }

    /// <summary>Stores the algorithm of a table that has none.</summary>
    public void SetAlgorithm(string table, CrdtAlgorithm algorithm)
    {
        initialize.Bind(1, table).Bind(2, CrdtAlgorithms.NameOf(algorithm));
        initialize.Run();
    }

    /// <summary>Removes everything that is set for a table and its columns.</summary>
    public void RemoveAll(string table)
    {
        removeAll.Bind(1, table);
        removeAll.Run();
    }

    private static TableSettings Apply(in TableSettings entry, string key, string value)
    {
        switch (key)
        {
            case Algorithm:
                CrdtAlgorithm? algorithm = CrdtAlgorithms.Find(value);
                return entry with { IsTracked = algorithm != null, Algorithm = algorithm ?? CrdtAlgorithm.CausalLengthSet };
            case Filter:
                return entry with { Filter = value };
            case TableMarks.Examined:
                return entry with { Examined = value };
            case TableMarks.Uncaptured:
                return entry with { Uncaptured = value };
            case TableMarks.Whole:
                return entry with { IsWhole = true };
            case TableMarks.Pending:
                return entry with { HasPendingRows = true, HasPendingColumns = value != TableMarks.RowsPending };
            default:
                return entry;
        }
    }
}
