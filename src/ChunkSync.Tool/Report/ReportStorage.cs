namespace ChunkSync.Tool;

/// <summary>What the file's pages are used for.</summary>
/// <param name="Name">The table or index.</param>
/// <param name="Kind"><c>table</c>, <c>clocks</c>, <c>index</c>, <c>metadata</c>; where SQLite does not count by table <c>used</c> and <c>free</c>.</param>
/// <param name="Bytes">Its pages.</param>
internal sealed record ReportStorage(string Name, string Kind, long Bytes)
{
    private const int Most = 40;

    /// <summary>Counts pages, largest first.</summary>
    public static List<ReportStorage> Read(DatabaseFile file)
    {
        if (!TableStatus.HasPageCounts(file))
        {
            long page = file.Number("PRAGMA page_size");
            long free = file.Number("PRAGMA freelist_count");
            return [new("pages in use", "used", (file.Number("PRAGMA page_count") - free) * page), new("free pages", "free", free * page)];
        }

        return
        [
            .. file.Rows($"""
                SELECT s.name, CASE
                    WHEN coalesce(m.tbl_name, s.name) LIKE 'cloudsync\_%' ESCAPE '\' OR coalesce(m.tbl_name, s.name) LIKE 'chunksync\_%' ESCAPE '\' THEN 'metadata'
                    WHEN coalesce(m.tbl_name, s.name) LIKE '%\_cloudsync' ESCAPE '\' THEN 'clocks'
                    WHEN m.type = 'index' THEN 'index' ELSE 'table' END, s.pgsize
                FROM dbstat AS s LEFT JOIN sqlite_master AS m ON m.name = s.name WHERE s.aggregate = TRUE ORDER BY s.pgsize DESC, s.name LIMIT {Most}
                """).Select(row => new ReportStorage(row.Text(0) ?? "", row.Text(1) ?? "", row.Number(2))),
        ];
    }
}
