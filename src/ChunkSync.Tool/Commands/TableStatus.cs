namespace ChunkSync.Tool;

/// <summary>A tracked table in numbers.</summary>
/// <param name="Table">Its name.</param>
/// <param name="Algo">Its CRDT.</param>
/// <param name="Rows">Its rows; null where the table is gone.</param>
/// <param name="Clocks">Its clock rows; null where their table is gone.</param>
/// <param name="Tombstones">Deleted rows that are remembered.</param>
/// <param name="Bytes">Pages of the table, its clocks and their indexes, in bytes; null where this SQLite cannot tell (no dbstat).</param>
internal sealed record TableStatus(string Table, string Algo, long? Rows, long? Clocks, long? Tombstones, long? Bytes)
{
    /// <summary>Counts.</summary>
    public static TableStatus Read(DatabaseFile file, TrackedTable table) => new(
        table.Name,
        table.Algorithm,
        table.HasRows ? file.Number($"SELECT count(*) FROM {table.Quoted}") : null,
        table.HasClocks ? file.Number($"SELECT count(*) FROM {table.Clocks}") : null,
        table.HasClocks ? file.Number($"SELECT count(*) FROM {table.Clocks} WHERE col_name = '__[RIP]__' AND col_version % 2 = 0") : null,
        PageBytes(file, table));

    /// <summary>Whether SQLite counts pages by table.</summary>
    public static bool HasPageCounts(DatabaseFile file) => file.Number("SELECT sqlite_compileoption_used('ENABLE_DBSTAT_VTAB')") != 0;

    private static long? PageBytes(DatabaseFile file, TrackedTable table) => HasPageCounts(file)
        ? file.Number("""
            SELECT sum(s.pgsize) FROM sqlite_master AS m, dbstat AS s
            WHERE m.rootpage > 0 AND m.tbl_name COLLATE NOCASE IN (?1, ?1 || '_cloudsync') AND s.aggregate = TRUE AND s.name = m.name
            """, table.Name)
        : null;
}
