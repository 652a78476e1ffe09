namespace ChunkSync.Tool;

/// <summary>A tracked table.</summary>
/// <param name="Name">Its name as the schema spells it, or, where it is gone, as the settings do.</param>
/// <param name="Algorithm">The CRDT: <c>cls</c> or <c>gos</c>.</param>
/// <param name="HasRows">Whether the table is there.</param>
/// <param name="HasClocks">Whether its clock table is there.</param>
internal sealed record TrackedTable(string Name, string Algorithm, bool HasRows, bool HasClocks)
{
    /// <summary>The table of its clocks, quoted.</summary>
    public string Clocks => Names.Quote(Name + "_cloudsync");

    /// <summary>The table itself, quoted.</summary>
    public string Quoted => Names.Quote(Name);

    /// <summary>All of a database, by name.</summary>
    public static IReadOnlyList<TrackedTable> Of(DatabaseFile file) =>
    [
        .. file.Rows("""
            SELECT coalesce(m.name, s.tbl_name), s.value, m.name IS NOT NULL,
                EXISTS (SELECT 1 FROM sqlite_master AS c WHERE c.type = 'table' AND c.name = s.tbl_name || '_cloudsync' COLLATE NOCASE)
            FROM cloudsync_table_settings AS s LEFT JOIN sqlite_master AS m ON m.type = 'table' AND m.name = s.tbl_name COLLATE NOCASE
            WHERE s.key = 'algo' AND s.col_name = '*' ORDER BY 1
            """).Select(row => new TrackedTable(row.Text(0) ?? "", row.Text(1) ?? "cls", row.Number(2) != 0, row.Number(3) != 0)),
    ];

    /// <summary>The columns of the primary key, in its order.</summary>
    public IReadOnlyList<string> KeyColumns(DatabaseFile file) =>
        [.. file.Rows("SELECT name FROM pragma_table_info(?1) WHERE pk > 0 ORDER BY pk", Name).Select(row => row.Text(0) ?? "")];
}
