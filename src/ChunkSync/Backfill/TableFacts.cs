using System.Text;
using ChunkSync.Format;
using ChunkSync.Sqlite;

namespace ChunkSync.Backfill;

/// <summary>A table as the schema and SQLite's pragmas show it.</summary>
internal sealed class TableFacts
{
    private static readonly string[] RowIdNames = ["rowid", "_rowid_", "oid"];

    private TableFacts(string schema, string name, string sql)
    {
        Schema = schema;
        Name = name;
        Sql = sql;
    }

    /// <summary>One column of the table.</summary>
    /// <param name="Name">Its name.</param>
    /// <param name="Type">Its declared type.</param>
    /// <param name="IsNotNull">Whether it is NOT NULL.</param>
    /// <param name="IsStored">False for VIRTUAL generated columns.</param>
    /// <param name="KeyPlace">Its place in the primary key from 1; 0 if it is not in it.</param>
    public sealed record Column(string Name, string Type, bool IsNotNull, bool IsStored, int KeyPlace)
    {
        /// <summary>Whether the declared type gives TEXT affinity.</summary>
        public bool IsText
        {
            get
            {
                string type = Type.ToUpperInvariant();
                return !type.Contains("INT", StringComparison.Ordinal) && (type.Contains("CHAR", StringComparison.Ordinal)
                    || type.Contains("CLOB", StringComparison.Ordinal) || type.Contains("TEXT", StringComparison.Ordinal));
            }
        }
    }

    public string Schema { get; }

    public string Name { get; }

    public string Sql { get; }

    public List<Column> Columns { get; } = [];

    public List<IndexFacts> Indexes { get; } = [];

    /// <summary>How the rowid is written; null for a WITHOUT ROWID table.</summary>
    public string? RowId { get; private set; }

    /// <summary>Whether ANALYZE has run on the database.</summary>
    public bool HasStatistics { get; private set; }

    public Encoding Encoding { get; private set; } = new UTF8Encoding(false, throwOnInvalidBytes: true);

    /// <summary>The quoted names of the stored columns.</summary>
    public List<string> StoredColumns => [.. Columns.Where(column => column.IsStored).Select(column => Connection.Quote(column.Name))];

    /// <summary>The primary key of a WITHOUT ROWID table: its storage order; null for other tables.</summary>
    public IndexFacts? PrimaryIndex => RowId == null ? Indexes.First(index => index.Origin == "pk") : null;

    /// <exception cref="EngineException">There is no such table, or it is something else.</exception>
    public static TableFacts Read(Connection connection, string schema, string table)
    {
        string stored = FindSchema(connection, schema) ?? throw Missing(schema, table);
        TableFacts facts = Find(connection, stored, table);
        facts.ReadColumns(connection);
        facts.ReadIndexes(connection);
        facts.ReadRowId();
        using Statement statistics = connection.Prepare($"SELECT 1 FROM {Connection.Quote(stored)}.sqlite_master WHERE name = 'sqlite_stat1'");
        facts.HasStatistics = statistics.Step();
        using Statement encoding = connection.Prepare("PRAGMA encoding");
        facts.Encoding = !encoding.Step() ? facts.Encoding : encoding.String(0) switch
        {
            "UTF-16le" => new UnicodeEncoding(bigEndian: false, byteOrderMark: false, throwOnInvalidBytes: true),
            "UTF-16be" => new UnicodeEncoding(bigEndian: true, byteOrderMark: false, throwOnInvalidBytes: true),
            _ => facts.Encoding,
        };
        return facts;
    }

    /// <summary>The index of a name.</summary>
    /// <exception cref="EngineException">There is none, or it is partial.</exception>
    public IndexFacts Index(string name)
    {
        IndexFacts? found = Indexes.Find(index => AsciiNames.Same(index.Name, name));
        if (found == null)
        {
            string have = Indexes.Count == 0 ? "none" : string.Join(", ", Indexes.Select(index => index.Name).Order(StringComparer.Ordinal));
            throw PlanFailure.Of($"table {Name} has no index {name}; it has: {have}");
        }

        return !found.IsPartial ? found : throw PlanFailure.Of($"index {found.Name} is partial: it does not hold every row");
    }

    /// <summary>Hash of everything that the meaning of a cut depends on.</summary>
    public ulong Hash()
    {
        Fnv1a64 hash = new(Fnv1a64.OffsetBasis);
        AddText(ref hash, Name);
        AddText(ref hash, Sql);
        foreach (IndexFacts index in Indexes.OrderBy(index => index.Name, StringComparer.Ordinal))
        {
            AddText(ref hash, index.Name);
            AddText(ref hash, index.Sql);
        }

        AddText(ref hash, Encoding.WebName);
        return hash.Value;
    }

    /// <summary>Adds a text with its length.</summary>
    public static void AddText(ref Fnv1a64 hash, string text)
    {
        byte[] bytes = Encoding.UTF8.GetBytes(text);
        hash.Add((long)bytes.Length);
        hash.Add(bytes);
    }

    private static EngineException Missing(string schema, string table) => PlanFailure.Of($"table {table} does not exist in {schema}");

    private static string? FindSchema(Connection connection, string schema)
    {
        using Statement list = connection.Prepare("SELECT name FROM pragma_database_list ORDER BY seq");
        while (list.Step())
        {
            if (AsciiNames.Same(list.String(0), schema))
            {
                return list.String(0);
            }
        }

        // SQLite does not list temp before its first use.
        return AsciiNames.Same("temp", schema) ? "temp" : null;
    }

    private static TableFacts Find(Connection connection, string schema, string table)
    {
        if (AsciiNames.Same(table, "sqlite_master") || AsciiNames.Same(table, "sqlite_schema") || AsciiNames.Same(table, "sqlite_temp_master")
            || AsciiNames.Same(table, "sqlite_temp_schema"))
        {
            throw PlanFailure.Of($"{table} is a system table, not a table");
        }

        using Statement find = connection.Prepare(
            $"SELECT name, type, sql FROM {Connection.Quote(schema)}.sqlite_master WHERE name = ?1 COLLATE NOCASE AND type IN ('table', 'view')");
        find.Bind(1, table);
        if (!find.Step())
        {
            throw Missing(schema, table);
        }

        string name = find.String(0);
        string sql = find.String(2);
        string? kind = find.String(1) == "view" ? "view"
            : name.StartsWith("sqlite_", StringComparison.OrdinalIgnoreCase) ? "system table"
            : IndexTerms.IsVirtual(sql) ? "virtual table"
            : IsShadow(connection, schema, name) ? "shadow table" : null;
        return kind == null ? new(schema, name, sql) : throw PlanFailure.Of($"{name} is a {kind}, not a table");
    }

    /// <summary>Only SQLite 3.37 and newer say so.</summary>
    private static bool IsShadow(Connection connection, string schema, string table)
    {
        const int FirstWithTableList = 3_037_000;
        if (Version < FirstWithTableList)
        {
            return false;
        }

        using Statement list = connection.Prepare("SELECT 1 FROM pragma_table_list WHERE schema = ?1 AND name = ?2 AND type = 'shadow'");
        return list.Bind(1, schema).Bind(2, table).Step();
    }

    private static unsafe int Version => Sqlite3.Api->libversion_number();

    private void ReadColumns(Connection connection)
    {
        using Statement columns = connection.Prepare("SELECT name, type, \"notnull\", hidden, pk FROM pragma_table_xinfo(?1, ?2) ORDER BY cid");
        columns.Bind(1, Name).Bind(2, Schema);
        while (columns.Step())
        {
            const int VirtualColumn = 2;
            Columns.Add(new(columns.String(0), columns.String(1), columns.Int64(2) != 0, columns.Int64(3) != VirtualColumn, (int)columns.Int64(4)));
        }
    }

    private void ReadIndexes(Connection connection)
    {
        using Statement indexes = connection.Prepare(
            "SELECT l.name, l.origin, l.partial, coalesce(m.sql, '') FROM pragma_index_list(?1, ?2) AS l LEFT JOIN "
            + Connection.Quote(Schema) + ".sqlite_master AS m ON m.type = 'index' AND m.name = l.name ORDER BY l.name");
        indexes.Bind(1, Name).Bind(2, Schema);
        while (indexes.Step())
        {
            Indexes.Add(new(indexes.String(0), indexes.String(1), indexes.Int64(2) != 0, indexes.String(3)));
        }
    }

    private void ReadRowId()
    {
        if (IndexTerms.IsWithoutRowId(Sql))
        {
            return;
        }

        string? free = RowIdNames.FirstOrDefault(name => !Columns.Exists(column => AsciiNames.Same(column.Name, name)));
        List<Column> key = Columns.FindAll(column => column.KeyPlace > 0);
        bool hasAlias = key.Count == 1 && !Indexes.Exists(index => index.Origin == "pk");
        if (hasAlias)
        {
            // The rowid under another name; the schema need not say that it is NOT NULL.
            Columns[Columns.IndexOf(key[0])] = key[0] with { IsNotNull = true };
        }

        RowId = free ?? (hasAlias ? Connection.Quote(key[0].Name)
            : throw PlanFailure.Of($"the rowid of {Name} is hidden by columns of that name"));
    }
}
