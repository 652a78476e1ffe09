using ChunkSync.Catalog;
using ChunkSync.Keys;
using ChunkSync.Sqlite;

namespace ChunkSync.Merge;

/// <summary>The foreign keys of database <c>main</c> that change or delete rows by themselves, over all tables: rows of a tracked table
/// can be reached by way of one that is not. Read once per schema.</summary>
internal sealed class ReferenceGraph : IDisposable
{
    private const string Keys =
        "SELECT m.name, f.id, f.\"table\", f.\"from\", f.\"to\", f.on_delete, f.on_update FROM main.sqlite_master AS m,"
        + " pragma_foreign_key_list(m.name, 'main') AS f WHERE m.type = 'table' ORDER BY m.rowid, f.id, f.seq";

    /// <summary>A key as SQLite lists it.</summary>
    private sealed record Listed(string Child, long Id, string Parent, ReferenceAction OnDelete, ReferenceAction OnUpdate)
    {
        public List<string> ChildColumns { get; } = [];

        /// <summary>Empty where the key does not name them: the parent's primary key.</summary>
        public List<string> ParentColumns { get; } = [];
    }

    private readonly Connection connection;
    private readonly TableCatalog catalog;
    private readonly TableKeys keys;
    private readonly Dictionary<string, ReferenceTable> tables = [];
    private readonly List<ReferenceTable> all = [];
    private readonly List<Reference> references = [];

    private ReferenceGraph(Connection connection, TableCatalog catalog, TableKeys keys)
    {
        this.connection = connection;
        this.catalog = catalog;
        this.keys = keys;
    }

    /// <summary>Reads the keys. Without any that has an action the graph is empty.</summary>
    public static ReferenceGraph Read(Connection connection, TableCatalog catalog, TableKeys keys)
    {
        ReferenceGraph graph = new(connection, catalog, keys);
        foreach (Listed key in ReadKeys(connection))
        {
            graph.Add(key);
        }

        foreach (ReferenceTable table in graph.all)
        {
            table.Complete(connection);
        }

        graph.references.ForEach(reference => reference.Complete(connection));
        return graph;
    }

    /// <summary>Whether any foreign key of the database has an action.</summary>
    public bool IsEmpty => references.Count == 0;

    /// <summary>A table by its number.</summary>
    public ReferenceTable this[int number] => all[number];

    /// <summary>A table that others refer to by keys with actions; null for other tables.</summary>
    public ReferenceTable? Parent(string name) =>
        tables.TryGetValue(AsciiNames.Lower(name), out ReferenceTable? table) && table.ReferredBy.Count > 0 ? table : null;

    public void Dispose()
    {
        foreach (Reference reference in references)
        {
            reference.Find.Dispose();
        }

        foreach (ReferenceTable table in all)
        {
            table.Read.Dispose();
            table.ReadMoved?.Dispose();
            table.FindMoved?.Dispose();
        }
    }

    private static List<Listed> ReadKeys(Connection connection)
    {
        List<Listed> keys = [];
        using Statement list = connection.Prepare(Keys);
        while (list.Step())
        {
            string child = list.String(0);
            if (keys.Count == 0 || keys[^1].Child != child || keys[^1].Id != list.Int64(1))
            {
                keys.Add(new Listed(child, list.Int64(1), list.String(2), Action(list.String(5)), Action(list.String(6))));
            }

            keys[^1].ChildColumns.Add(list.String(3));
            if (!list.IsNull(4))
            {
                keys[^1].ParentColumns.Add(list.String(4));
            }
        }

        keys.RemoveAll(key => key is { OnDelete: ReferenceAction.None, OnUpdate: ReferenceAction.None });
        return keys;
    }

    private static ReferenceAction Action(string name) => name.ToUpperInvariant() switch
    {
        "CASCADE" => ReferenceAction.Cascade,
        "SET NULL" => ReferenceAction.SetNull,
        "SET DEFAULT" => ReferenceAction.SetDefault,
        _ => ReferenceAction.None,
    };

    /// <summary>Adds a key, unless it fits no table: SQLite refuses writes to its parent then, and says why.</summary>
    private void Add(Listed key)
    {
        if (Table(key.Parent) is not ReferenceTable parent || Table(key.Child) is not ReferenceTable child)
        {
            return;
        }

        string[] referred = key.ParentColumns.Count > 0
            ? [.. key.ParentColumns]
            : [.. catalog.ReadColumns(key.Parent).Where(column => column.IsKey).OrderBy(column => column.KeyOrdinal).Select(column => column.Name)];
        if (referred.Length != key.ChildColumns.Count || !HasColumns(key.Parent, referred) || !HasColumns(key.Child, key.ChildColumns))
        {
            return;
        }

        Reference reference = new(parent, child, referred, [.. key.ChildColumns], key.OnDelete, key.OnUpdate);
        parent.Watch(referred);
        child.Watch(key.ChildColumns);
        parent.ReferredBy.Add(reference);
        child.RefersTo.Add(reference);
        references.Add(reference);
    }

    private bool HasColumns(string table, IReadOnlyList<string> columns)
    {
        using Statement names = connection.Prepare("SELECT count(*) FROM pragma_table_xinfo(?1, 'main') WHERE name = ?2 COLLATE NOCASE");
        return columns.All(column =>
        {
            names.Bind(1, table).Bind(2, column);
            bool found = names.Step() && names.Int64(0) > 0;
            names.Reset();
            return found;
        });
    }

    private ReferenceTable? Table(string name)
    {
        if (tables.TryGetValue(AsciiNames.Lower(name), out ReferenceTable? known))
        {
            return known;
        }

        if (catalog.FindBaseTable(name) is not string spelled)
        {
            return null;
        }

        TrackedTable? tracked = catalog.Find(spelled);
        List<TableColumn> columns = catalog.ReadColumns(spelled);
        string? rowId = tracked != null ? tracked.RowIdName : catalog.RowIdName(spelled, columns);
        string[] keyColumns = [.. columns.Where(column => column.IsKey).Select(column => column.Quoted)];
        string[] identity = tracked == null && rowId != null ? [rowId] : keyColumns;
        if (identity.Length == 0)
        {
            // Columns hide all names of the rowid, and nothing else identifies a row.
            return null;
        }

        IReadOnlyList<string> conditions = tracked != null
            ? keys.Rules(tracked).Conditions
            : [.. identity.Select((column, i) => $"{column} = ?{i + 1}")];
        ReferenceTable table = new(all.Count, spelled, tracked, columns, identity, conditions, rowId);
        all.Add(table);
        tables.Add(AsciiNames.Lower(name), table);
        return table;
    }
}
