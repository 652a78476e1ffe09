using System.Text;
using ChunkSync.Sqlite;

namespace ChunkSync.Catalog;

/// <summary>What <c>sqlite_master</c> says about tracked tables, read with two queries however many there are. Where a text is one that the
/// engine or sqlite-sync writes, it tells enough; SQLite is asked about others, one by one.</summary>
internal sealed class CatalogSchema
{
    /// <summary>A clock table, and what the schema says about it.</summary>
    private sealed class Clock(string name)
    {
        public string Name => name;

        /// <summary>Whether it has all columns; null where its text does not tell.</summary>
        public bool? HasColumns { get; set; }

        public string? PositionIndex { get; set; }

        /// <summary>Whether it has an index whose text does not tell what it is.</summary>
        public bool HasOtherIndex { get; set; }
    }

    private readonly Connection connection;
    private readonly KnownColumns known = new();
    private readonly Statement anchor;
    private readonly Statement objects;
    private readonly Statement texts;
    private readonly Statement columnsOfAll;
    private readonly Statement columns;
    private readonly Statement baseTable;
    private readonly Statement hasColumns;
    private readonly Statement positionIndex;
    private readonly Statement plainKey;
    private readonly List<Clock> clocks = [];
    private readonly Dictionary<string, Clock> clocksByName = [];
    private readonly HashSet<string> tables = [];
    private readonly HashSet<string> views = [];
    private readonly HashSet<string> uniqueTables = [];
    private readonly Dictionary<string, List<TableColumn>> columnsByClock = [];

    public CatalogSchema(Connection connection)
    {
        this.connection = connection;

        // While it stands there, all that is read belongs together.
        anchor = connection.Prepare("SELECT 1 FROM main.sqlite_master");
        texts = connection.Prepare("SELECT name, sql FROM main.sqlite_master WHERE type = 'table'");

        // The order of sqlite_master is the order of creation: a new row gets the highest rowid.
        objects = connection.Prepare(
            "SELECT type, name, tbl_name, sql FROM main.sqlite_master WHERE type IN ('table', 'view', 'index') ORDER BY rowid");
        columnsOfAll = connection.Prepare(
            $"""
            SELECT m.name, {ColumnList} FROM main.sqlite_master AS m
            CROSS JOIN pragma_table_info(substr(m.name, 1, length(m.name) - {TrackedTable.ClockSuffix.Length}), 'main') AS c
            WHERE m.type = 'table' AND length(m.name) > {TrackedTable.ClockSuffix.Length}
              AND substr(m.name, -{TrackedTable.ClockSuffix.Length}) = '{TrackedTable.ClockSuffix}'
            ORDER BY m.rowid, c.cid
            """);
        columns = connection.Prepare($"SELECT NULL, {ColumnList} FROM pragma_table_info(?1, 'main') AS c ORDER BY c.cid");
        baseTable = connection.Prepare("SELECT name FROM main.sqlite_master WHERE type = 'table' AND name = ?1 COLLATE NOCASE");
        hasColumns = connection.Prepare(
            "SELECT count(*) FROM pragma_table_info(?1, 'main') WHERE name IN ('pk', 'col_name', 'col_version', 'db_version', 'site_id', 'seq')");
        positionIndex = connection.Prepare(
            """
            SELECT l.name FROM pragma_index_list(?1, 'main') AS l
            WHERE l.partial = 0
              AND (SELECT group_concat(name) FROM (SELECT name FROM pragma_index_info(l.name, 'main') ORDER BY seqno))
                  LIKE 'db_version,seq,pk,col_name%'
            LIMIT 1
            """);
        plainKey = connection.Prepare(
            """
            SELECT NOT EXISTS (
              SELECT 1 FROM pragma_index_list(?1, 'main') AS l WHERE l."unique" AND (l.origin <> 'pk'
                OR EXISTS (SELECT 1 FROM pragma_index_xinfo(l.name, 'main') AS x WHERE x.key AND x.coll <> 'BINARY')))
            """);
    }

    /// <summary>Tables whose columns are asked for one by one; those of more by one query.</summary>
    private const int MaxAskedAlone = 4;

    /// <summary>Columns 1 to 6 of a query of columns.</summary>
    private const string ColumnList = "c.cid, c.name, c.type, c.\"notnull\", c.dflt_value IS NOT NULL, c.pk";

    /// <summary>The names of the tables that have clocks, in the creation order of their clock tables; filled by <see cref="Read()"/> and
    /// <see cref="Read(string)"/>, which all that follows is about.</summary>
    public List<string> Names { get; } = [];

    /// <summary>Reads the whole schema. Columns of tables whose text is that of the last time are known.</summary>
    public void Read()
    {
        anchor.Step();
        try
        {
            known.Begin();
            ReadObjects();
            ReadUnknownColumns();
        }
        finally
        {
            texts.Reset();
            anchor.Reset();
        }
    }

    private void ReadUnknownColumns()
    {
        int unknown = 0;
        foreach (string table in Names)
        {
            if (known.Find(AsciiNames.Lower(table)) is List<TableColumn> list)
            {
                columnsByClock[table + TrackedTable.ClockSuffix] = list;
            }
            else if (tables.Contains(AsciiNames.Lower(table)))
            {
                unknown++;
            }
        }

        if (unknown == 0)
        {
            return;
        }

        if (unknown > MaxAskedAlone)
        {
            ReadColumnsOfAll();
        }

        while (texts.Step())
        {
            string name = texts.String(0);
            string lower = AsciiNames.Lower(name);
            if (clocksByName.TryGetValue(lower + TrackedTable.ClockSuffix, out Clock? clock) && known.Find(lower) == null)
            {
                if (!columnsByClock.TryGetValue(clock.Name, out List<TableColumn>? list))
                {
                    columnsByClock.Add(clock.Name, list = ReadColumns(name));
                }

                known.Add(lower, texts.Text(1), list);
            }
        }
    }

    private void ReadColumnsOfAll()
    {
        columnsByClock.Clear();
        while (columnsOfAll.Step())
        {
            string clock = columnsOfAll.String(0);
            if (!columnsByClock.TryGetValue(clock, out List<TableColumn>? list))
            {
                columnsByClock.Add(clock, list = []);
            }

            list.Add(Column(columnsOfAll));
        }

        columnsOfAll.Reset();
    }

    /// <summary>Reads what concerns one table, at a cost that does not depend on the number of tables.</summary>
    public void Read(string table)
    {
        Clear();
        string clock = table + TrackedTable.ClockSuffix;
        if (!connection.HasTable(clock) || !AskColumns(clock))
        {
            return;
        }

        Names.Add(table);
        clocksByName.Add(AsciiNames.Lower(clock), new Clock(clock) { HasOtherIndex = true });
        if (connection.HasTable(table))
        {
            tables.Add(AsciiNames.Lower(table));
            columnsByClock.Add(clock, ReadColumns(table));
        }

        string blocks = clock + TrackedTable.BlocksSuffix;
        if (connection.HasTable(blocks))
        {
            tables.Add(AsciiNames.Lower(blocks));
        }

        plainKey.Bind(1, table);
        if (!plainKey.Step() || plainKey.Int64(0) == 0)
        {
            uniqueTables.Add(AsciiNames.Lower(table));
        }

        plainKey.Reset();
    }

    /// <summary>Forgets what was read.</summary>
    public void Clear()
    {
        Names.Clear();
        clocks.Clear();
        clocksByName.Clear();
        tables.Clear();
        views.Clear();
        uniqueTables.Clear();
        columnsByClock.Clear();
    }

    /// <summary>The columns of the base table of one of <see cref="Names"/>; empty when it is gone.</summary>
    public List<TableColumn> ColumnsOf(string table) =>
        tables.Contains(AsciiNames.Lower(table)) && columnsByClock.TryGetValue(table + TrackedTable.ClockSuffix, out List<TableColumn>? list) ? list : [];

    /// <summary>The position index of one of <see cref="Names"/>; null when there is none.</summary>
    public string? PositionIndexOf(string table)
    {
        Clock clock = clocksByName[AsciiNames.Lower(table + TrackedTable.ClockSuffix)];
        if (clock.PositionIndex != null || !clock.HasOtherIndex)
        {
            return clock.PositionIndex;
        }

        positionIndex.Bind(1, clock.Name);
        string? index = positionIndex.Step() ? positionIndex.String(0) : null;
        positionIndex.Reset();
        return index;
    }

    /// <summary>Whether one of <see cref="Names"/> has a table of blocks.</summary>
    public bool HasBlocks(string table)
    {
        string blocks = AsciiNames.Lower(table + TrackedTable.ClockSuffix + TrackedTable.BlocksSuffix);
        return (tables.Contains(blocks) || views.Contains(blocks)) && ClockTable.HasBlocks(connection, table);
    }

    /// <summary>See <see cref="TrackedTable.HasPlainKeyOnly"/>.</summary>
    public bool HasPlainKeyOnly(string table) => !uniqueTables.Contains(AsciiNames.Lower(table));

    /// <summary>The columns of any table of <c>main</c>, in declaration order without generated ones; empty when there is no
    /// such table.</summary>
    public List<TableColumn> ReadColumns(string table)
    {
        List<TableColumn> result = [];
        columns.Bind(1, table);
        while (columns.Step())
        {
            result.Add(Column(columns));
        }

        columns.Reset();
        return result;
    }

    /// <summary>The spelling of a table of <c>main</c> in its CREATE statement; null when there is no such table.</summary>
    public string? FindBaseTable(string name)
    {
        if (!connection.HasTable(name))
        {
            return null;
        }

        baseTable.Bind(1, name);
        string? found = baseTable.Step() ? baseTable.String(0) : null;
        baseTable.Reset();
        return found;
    }

    private static TableColumn Column(Statement row) => new(
        (int)row.Int64(1), row.String(2), row.String(3), row.Int64(4) != 0, row.Int64(5) != 0, (int)row.Int64(6));

    private void ReadObjects()
    {
        Clear();
        while (objects.Step())
        {
            ReadOnlySpan<byte> type = objects.Text(0);
            if (type.SequenceEqual("index"u8))
            {
                ReadIndex(objects);
            }
            else
            {
                ReadTable(objects, isTable: type.SequenceEqual("table"u8));
            }
        }

        objects.Reset();
        foreach (Clock candidate in clocks)
        {
            if (candidate.HasColumns ?? AskColumns(candidate.Name))
            {
                Names.Add(candidate.Name[..^TrackedTable.ClockSuffix.Length]);
            }
        }
    }

    private void ReadTable(Statement row, bool isTable)
    {
        string name = row.String(1);
        string lower = AsciiNames.Lower(name);
        if (!isTable)
        {
            views.Add(lower);
            return;
        }

        if (tables.Add(lower))
        {
            known.See(lower, row.Text(3));
        }

        if (name.Length > TrackedTable.ClockSuffix.Length && name.EndsWith(TrackedTable.ClockSuffix, StringComparison.Ordinal))
        {
            Clock clock = new(name) { HasColumns = ClockTable.IsUsualTable(name, row.Text(3)) ? true : null };

            // Constraints have indexes without a text of their own.
            clock.HasOtherIndex = clock.HasColumns == null;
            clocks.Add(clock);
            clocksByName[lower] = clock;
        }

        if (Says(row.Text(3), "unique"u8) || Says(row.Text(3), "collate"u8))
        {
            uniqueTables.Add(lower);
        }
    }

    private void ReadIndex(Statement row)
    {
        string table = AsciiNames.Lower(row.String(2));
        if (clocksByName.TryGetValue(table, out Clock? clock))
        {
            string name = row.String(1);
            if (clock.PositionIndex == null && ClockTable.IsUsualPositionIndex(clock.Name, name, row.Text(3)))
            {
                clock.PositionIndex = name;
            }

            clock.HasOtherIndex |= !ClockTable.IsUsualVersionIndex(clock.Name, name, row.Text(3));
        }

        if (Says(row.Text(3), "unique"u8))
        {
            uniqueTables.Add(table);
        }
    }

    private bool AskColumns(string clock)
    {
        hasColumns.Bind(1, clock);
        bool all = hasColumns.Step() && hasColumns.Int64(0) == 6;
        hasColumns.Reset();
        return all;
    }

    /// <summary>Whether a word stands anywhere in a text, in any case of its letters.</summary>
    private static bool Says(ReadOnlySpan<byte> text, ReadOnlySpan<byte> word)
    {
        byte upper = (byte)(word[0] & ~0x20);
        while (text.IndexOfAny(word[0], upper) is int at and >= 0 && text.Length - at >= word.Length)
        {
            if (Ascii.EqualsIgnoreCase(text.Slice(at, word.Length), word))
            {
                return true;
            }

            text = text[(at + 1)..];
        }

        return false;
    }
}
