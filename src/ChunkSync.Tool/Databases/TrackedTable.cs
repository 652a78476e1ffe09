namespace ChunkSync.Tool;

/// <summary>A tracked table.</summary>
/// <param name="Name">Its name as the schema spells it, or, where it is gone, as the settings do.</param>
/// <param name="Algorithm">The CRDT: <c>cls</c> or <c>gos</c>.</param>
/// <param name="HasRows">Whether the table is there.</param>
/// <param name="HasClocks">Whether its clock table is there.</param>
/// <param name="Filter">The expression of the rows that are tracked; null for all.</param>
/// <param name="Schema">The database: <c>main</c>, or the one it is attached as.</param>
internal sealed record TrackedTable(string Name, string Algorithm, bool HasRows, bool HasClocks, string? Filter, string Schema)
{
    /// <summary>The table of its clocks, quoted.</summary>
    public string Clocks => Schema + "." + Names.Quote(Name + "_cloudsync");

    /// <summary>The table itself, quoted.</summary>
    public string Quoted => Schema + "." + Names.Quote(Name);

    /// <summary>Its rows that are tracked, as something to select from.</summary>
    public string Rows => Filter == null ? Quoted : $"(SELECT * FROM {Quoted} WHERE ({Filter}\n))";

    /// <summary>All of a database, by name.</summary>
    public static IReadOnlyList<TrackedTable> Of(DatabaseFile file, string schema = "main") =>
    [
        .. file.Rows($"""
            SELECT coalesce(m.name, s.tbl_name), s.value, m.name IS NOT NULL,
                EXISTS (SELECT 1 FROM {schema}.sqlite_master AS c WHERE c.type = 'table' AND c.name = s.tbl_name || '_cloudsync' COLLATE NOCASE),
                (SELECT f.value FROM {schema}.cloudsync_table_settings AS f WHERE f.tbl_name = s.tbl_name AND f.col_name = '*' AND f.key = 'filter')
            FROM {schema}.cloudsync_table_settings AS s LEFT JOIN {schema}.sqlite_master AS m ON m.type = 'table' AND m.name = s.tbl_name COLLATE NOCASE
            WHERE s.key = 'algo' AND s.col_name = '*' ORDER BY 1
            """).Select(row => new TrackedTable(row.Text(0) ?? "", row.Text(1) ?? "cls", row.Number(2) != 0, row.Number(3) != 0, row.Text(4), schema)),
    ];

    /// <summary>The columns of the primary key, in its order.</summary>
    public IReadOnlyList<string> KeyColumns(DatabaseFile file) =>
        [.. file.Rows("SELECT name FROM pragma_table_info(?1, ?2) WHERE pk > 0 ORDER BY pk", Name, Schema).Select(row => row.Text(0) ?? "")];

    /// <summary>All columns, but for generated ones.</summary>
    public IReadOnlyList<string> Columns(DatabaseFile file) =>
        [.. file.Rows("SELECT name FROM pragma_table_info(?1, ?2) ORDER BY cid", Name, Schema).Select(row => row.Text(0) ?? "")];
}
