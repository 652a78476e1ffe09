using System.Text;
using ChunkSync.Session;
using ChunkSync.Sqlite;

namespace ChunkSync.Catalog;

/// <summary>The tracked tables of database <c>main</c>: every clock table, by its exact name and columns, with the settings and
/// columns of its base table. A user's table that only looks like one by its name is none (defect J-12 of sqlite-sync 1.1.4).</summary>
internal sealed class TableCatalog
{
    private readonly SyncSession session;
    private readonly Statement clockTables;
    private readonly Statement columns;
    private readonly Statement baseTable;
    private readonly Statement positionIndex;
    private readonly List<TrackedTable> all = [];
    private TrackedTable? lastFound;

    public TableCatalog(SyncSession session, IReadOnlyList<MetadataTable> metadata)
    {
        this.session = session;
        Connection connection = session.Connection;
        Metadata = new MetadataSchema(session, metadata);
        Settings = new TableSettingStore(session);
        Marks = new TableMarks(connection, Settings);
        Schema = new SchemaVersions(session, this);
        Disabled = new DisabledTables(session, this);
        Damage = new MetadataDamage(session, this);

        // The order of sqlite_master is the order of creation: a new row gets the highest rowid.
        clockTables = connection.Prepare(
            $"""
            SELECT m.name FROM main.sqlite_master AS m
            WHERE m.type = 'table' AND length(m.name) > {TrackedTable.ClockSuffix.Length}
              AND substr(m.name, -{TrackedTable.ClockSuffix.Length}) = '{TrackedTable.ClockSuffix}'
              AND (SELECT count(*) FROM pragma_table_info(m.name, 'main')
                   WHERE name IN ('pk', 'col_name', 'col_version', 'db_version', 'site_id', 'seq')) = 6
            ORDER BY m.rowid
            """);
        columns = connection.Prepare(
            "SELECT cid, name, type, \"notnull\", dflt_value IS NOT NULL, pk FROM pragma_table_info(?1, 'main') ORDER BY cid");
        baseTable = connection.Prepare(
            "SELECT name FROM main.sqlite_master WHERE type = 'table' AND name = ?1 COLLATE NOCASE");
        positionIndex = connection.Prepare(
            """
            SELECT l.name FROM pragma_index_list(?1, 'main') AS l
            WHERE l.partial = 0
              AND (SELECT group_concat(name) FROM (SELECT name FROM pragma_index_info(l.name, 'main') ORDER BY seqno))
                  LIKE 'db_version,seq,pk,col_name%'
            LIMIT 1
            """);
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

        foreach (TrackedTable table in all)
        {
            if (AsciiNames.Same(table.NameUtf8, name))
            {
                lastFound = table;
                return table;
            }
        }

        return null;
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
        lastFound = null;
        Damage.Clear();
        List<string> names = [];
        while (clockTables.Step())
        {
            names.Add(clockTables.String(0)[..^TrackedTable.ClockSuffix.Length]);
        }

        clockTables.Reset();
        if (!session.Sites.HasLocal)
        {
            if (names.Count > 0)
            {
                Damage.NoteSite();
            }

            return;
        }

        Dictionary<string, TableSettings> stored = Settings.ReadTables();
        foreach (string name in names)
        {
            stored.TryGetValue(AsciiNames.Lower(name), out TableSettings setting);
            all.Add(Read(name, setting, all.Count));
        }

        foreach ((string name, TableSettings setting) in stored)
        {
            if (setting.IsTracked && Find(name) == null && FindBaseTable(name) is string table)
            {
                Damage.NoteTable(table);
            }
        }
    }

    /// <summary>The columns of any table of <c>main</c>, in declaration order without generated ones; empty when there is no
    /// such table.</summary>
    public List<TableColumn> ReadColumns(string table)
    {
        List<TableColumn> result = [];
        columns.Bind(1, table);
        while (columns.Step())
        {
            result.Add(new TableColumn(
                (int)columns.Int64(0), columns.String(1), columns.String(2), columns.Int64(3) != 0, columns.Int64(4) != 0,
                (int)columns.Int64(5)));
        }

        columns.Reset();
        return result;
    }

    /// <summary>The spelling of a table of <c>main</c> in its CREATE statement; null when there is no such table.</summary>
    public string? FindBaseTable(string name)
    {
        baseTable.Bind(1, name);
        string? found = baseTable.Step() ? baseTable.String(0) : null;
        baseTable.Reset();
        return found;
    }

    private TrackedTable Read(string name, TableSettings setting, int order)
    {
        List<TableColumn> baseColumns = FindBaseTable(name) == null ? [] : ReadColumns(name);
        positionIndex.Bind(1, name + TrackedTable.ClockSuffix);
        string? index = positionIndex.Step() ? positionIndex.String(0) : null;
        positionIndex.Reset();
        return new TrackedTable(
            session.Connection, name, order, baseColumns, setting, RowIdName(name, baseColumns), index,
            ClockTable.HasBlocks(session.Connection, name));
    }

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
