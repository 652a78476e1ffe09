using System.Text;
using ChunkSync.Session;
using ChunkSync.Sqlite;

namespace ChunkSync.Catalog;

/// <summary>The tracked tables of database <c>main</c>: every clock table, by its exact name and columns, with the settings and
/// columns of its base table. A user's table that only looks like one by its name is none (defect J-12 of sqlite-sync 1.1.4).</summary>
internal sealed class TableCatalog
{
    private readonly SyncSession session;
    private readonly CatalogSchema schema;
    private readonly List<TrackedTable> all = [];
    private readonly Dictionary<byte[], TrackedTable> byName = new(new AsciiNameComparer());
    private readonly Dictionary<byte[], TrackedTable>.AlternateLookup<ReadOnlySpan<byte>> byNameSpan;
    private List<TreeRegistration> trees = [];
    private TrackedTable? lastFound;

    public TableCatalog(SyncSession session, IReadOnlyList<MetadataTable> metadata)
    {
        this.session = session;
        byNameSpan = byName.GetAlternateLookup<ReadOnlySpan<byte>>();
        Connection connection = session.Connection;
        Metadata = new MetadataSchema(session, metadata);
        Settings = new TableSettingStore(session);
        Marks = new TableMarks(connection, Settings);
        Schema = new SchemaVersions(session, this);
        Disabled = new DisabledTables(session, this);
        Trees = new TreeRegistry(connection);
        Damage = new MetadataDamage(session, this);
        schema = new CatalogSchema(connection);
    }

    /// <summary>The tables in the creation order of their clock tables. Valid until the next <see cref="SyncSession.Refresh"/>.</summary>
    public IReadOnlyList<TrackedTable> All => all;

    /// <summary>The table of that name, compared without ASCII case; null when it is not tracked.</summary>
    public TrackedTable? Find(ReadOnlySpan<byte> name)
    {
        if (lastFound != null && lastFound.NameUtf8.AsSpan().SequenceEqual(name))
        {
            return lastFound;
        }

        if (byNameSpan.TryGetValue(name, out TrackedTable? table))
        {
            lastFound = table;
        }

        return table;
    }

    /// <summary>A table that was tracked a moment ago.</summary>
    /// <exception cref="EngineException">It is not any more: metadata is damaged.</exception>
    public TrackedTable Require(string name) => Find(name)
        ?? throw Damage.Unknown(name, ResultCode.Corrupt, $"table {name} is not tracked any more");

    /// <inheritdoc cref="Find(ReadOnlySpan{byte})"/>
    public TrackedTable? Find(string name) => Find(Encoding.UTF8.GetBytes(name));

    /// <summary>The tables that the engine keeps in the database.</summary>
    public MetadataSchema Metadata { get; }

    /// <summary>What is missing of the metadata.</summary>
    public MetadataDamage Damage { get; }

    /// <summary>What is set for tables and columns.</summary>
    public TableSettingStore Settings { get; }

    /// <summary>What the file remembers about the capture of tables.</summary>
    public TableMarks Marks { get; }

    /// <summary>The schema hashes of this database.</summary>
    public SchemaVersions Schema { get; }

    /// <summary>Which tables are trees.</summary>
    public TreeRegistry Trees { get; }

    /// <summary>Whether there are any.</summary>
    public bool HasTrees => trees.Count > 0;

    /// <summary>The tables that are disabled on this connection.</summary>
    public DisabledTables Disabled { get; }

    /// <summary>Whether <c>cloudsync_disable</c> was called for the table of that name on this connection.</summary>
    public bool IsDisabled(ReadOnlySpan<byte> name) => Disabled.Contains(name);

    /// <summary>The stored spelling of a table that has settings or clocks; null for other tables.</summary>
    public string? StoredName(string name) => Find(name)?.Name ?? Settings.StoredName(name);

    /// <summary>Reloads everything.</summary>
    public void Reload()
    {
        foreach (TrackedTable table in all)
        {
            table.Dispose();
        }

        all.Clear();
        byName.Clear();
        trees = [];
        lastFound = null;
        Damage.Clear();
        schema.Read();
        if (!session.Sites.HasLocal)
        {
            if (schema.Names.Count > 0)
            {
                Damage.NoteSite();
            }

            return;
        }

        Dictionary<string, TableSettings> stored = Settings.ReadTables();
        trees = Trees.ReadAll();
        foreach (string name in schema.Names)
        {
            stored.TryGetValue(AsciiNames.Lower(name), out TableSettings setting);
            Add(Read(name, setting, all.Count));
        }

        schema.Clear();
        foreach ((string name, TableSettings setting) in stored)
        {
            if (setting.IsTracked && Find(name) == null && FindBaseTable(name) is string table)
            {
                Damage.NoteTable(table);
            }
        }
    }

    /// <summary>Reads one table again whose schema or settings the engine itself has changed, and no other's.</summary>
    /// <param name="name">The table as its metadata spells it; it may be one whose clock table was just created, or dropped.</param>
    /// <param name="isSameTable">Whether its columns and indexes are those that are known: only triggers and settings have changed.</param>
    public void Reload(string name, bool isSameTable)
    {
        byte[] utf8 = Encoding.UTF8.GetBytes(name);
        int place = all.FindIndex(table => AsciiNames.Same(table.NameUtf8, utf8));
        int order = place >= 0 ? all[place].CreationOrder : all.Count == 0 ? 0 : all[^1].CreationOrder + 1;
        lastFound = null;
        TrackedTable? read = place >= 0 && isSameTable ? new TrackedTable(session.Connection, all[place], Settings.ReadTable(name)) : ReadOne(name, order);
        if (place >= 0)
        {
            byName.Remove(all[place].NameUtf8);
            all[place].Dispose();
            all.RemoveAt(place);
        }

        if (read != null)
        {
            all.Insert(place >= 0 ? place : all.Count, read);
            byName[read.NameUtf8] = read;
        }
    }

    /// <inheritdoc cref="CatalogSchema.ReadColumns"/>
    public List<TableColumn> ReadColumns(string table) => schema.ReadColumns(table);

    /// <inheritdoc cref="CatalogSchema.FindBaseTable"/>
    public string? FindBaseTable(string name) => schema.FindBaseTable(name);

    private void Add(TrackedTable table)
    {
        all.Add(table);

        // Names that differ in the case of letters alone are one table's to SQLite; a file made by hand may have both.
        byName.TryAdd(table.NameUtf8, table);
    }

    private TrackedTable? ReadOne(string name, int order)
    {
        schema.Read(name);
        TrackedTable? read = schema.Names.Count == 0 ? null : Read(name, Settings.ReadTable(name), order);
        schema.Clear();
        return read;
    }

    private TrackedTable Read(string name, TableSettings setting, int order)
    {
        List<TableColumn> baseColumns = schema.ColumnsOf(name);
        TreeRegistration? tree = trees.Find(other => AsciiNames.Same(other.Table, name));
        string? treeOfLog = trees.Find(other => AsciiNames.Same(other.Carrier, name))?.Table;
        return new TrackedTable(
            session.Connection, name, order, tree == null ? baseColumns : Mark(baseColumns, tree), setting, () => RowIdName(name, baseColumns),
            schema.PositionIndexOf(name), schema.HasBlocks(name), schema.HasPlainKeyOnly(name), tree, treeOfLog);
    }

    /// <summary>The columns of a tree, of which two say where a row is.</summary>
    private static List<TableColumn> Mark(List<TableColumn> columns, TreeRegistration tree) => columns.ConvertAll(column => !tree.IsPlace(column.Name) ? column
        : new TableColumn(column.Cid, column.Name, column.DeclaredType, column.NotNull, column.HasDefault, column.KeyOrdinal) { IsPlace = true });

    /// <summary>A name for the rowid that no column hides, or null: a WITHOUT ROWID table has no such column at all.</summary>
    public string? RowIdName(string table, List<TableColumn> baseColumns)
    {
        if (baseColumns.Count == 0)
        {
            return null;
        }

        foreach (string candidate in (ReadOnlySpan<string>)["rowid", "_rowid_", "oid"])
        {
            if (baseColumns.Exists(column => column.Name.Equals(candidate, StringComparison.OrdinalIgnoreCase)))
            {
                continue;
            }

            using Statement probe = session.Connection.Prepare(
                "SELECT " + candidate + " FROM main." + Connection.Quote(table) + " LIMIT 0");
            try
            {
                _ = probe.Handle;
                return candidate;
            }
            catch (EngineException failure) when (failure.Code == ResultCode.Error)
            {
                // "no such column": there is no rowid at all.
                return null;
            }
        }

        return null;
    }
}
