using ChunkSync.Sqlite;

namespace ChunkSync.Catalog;

/// <summary>Tables of <c>main</c> that are not the user's to write rows to: tracking them would track what is derived from something
/// else.</summary>
internal static class TableKind
{
    private const int FirstWithTableList = 3_037_000;

    /// <summary>The tables behind the virtual tables that come with SQLite, by what stands behind the virtual table's name. Newer versions of
    /// SQLite know themselves, as far as they know the module.</summary>
    private static readonly string[] ShadowSuffixes =
    [
        "data", "idx", "content", "docsize", "config", "segments", "segdir", "stat", "node", "rowid", "parent",
    ];

    private const string VirtualTables = "SELECT 1 FROM main.sqlite_master WHERE (rootpage = 0 OR rootpage IS NULL) AND type = 'table'";

    /// <summary>Looks into SQLite's own list: the schema need not be searched.</summary>
    private const string TableList = "SELECT 1 FROM pragma_table_list(?1) WHERE schema = 'main' AND type = ";

    /// <summary>Refuses the engine's own tables, virtual tables, and the tables behind virtual tables.</summary>
    public static unsafe void RequireOrdinary(Connection connection, TableCatalog catalog, string table)
    {
        if (catalog.Metadata.Has(table) || IsClockTable(connection, catalog, table))
        {
            throw Errors.Refused($"Table {table} belongs to the sync metadata: it cannot be tracked");
        }

        bool hasList = Sqlite3.Api->libversion_number() >= FirstWithTableList;
        if (Ask(connection, hasList ? TableList + "'virtual'" : VirtualTables + " AND name = ?1 COLLATE NOCASE", table))
        {
            throw Errors.Refused($"Table {table} is a virtual table: only ordinary tables can be tracked");
        }

        // Only few names can be those of tables behind others: the schema need not be searched for the rest.
        bool isShadow = Array.Exists(ShadowSuffixes, suffix => table.EndsWith("_" + suffix, StringComparison.OrdinalIgnoreCase))
            && Ask(connection, $"{VirtualTables} AND lower(?1) IN ({string.Join(", ", ShadowSuffixes.Select(suffix => $"lower(name) || '_{suffix}'"))})", table);
        if (isShadow || (hasList && Ask(connection, TableList + "'shadow'", table)))
        {
            throw Errors.Refused($"Table {table} belongs to a virtual table, which writes it: it cannot be tracked");
        }
    }

    private static bool IsClockTable(Connection connection, TableCatalog catalog, string table)
    {
        foreach (TrackedTable tracked in catalog.All)
        {
            if (table.Equals(tracked.ClockName, StringComparison.OrdinalIgnoreCase)
                || (tracked.HasBlocks && table.Equals(tracked.BlocksName, StringComparison.OrdinalIgnoreCase)))
            {
                return true;
            }
        }

        return false;
    }

    private static bool Ask(Connection connection, string sql, string table)
    {
        using Statement question = connection.Prepare(sql);
        question.Bind(1, table);
        return question.Step();
    }
}
