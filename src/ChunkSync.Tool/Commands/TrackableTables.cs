namespace ChunkSync.Tool;

/// <summary>Which tables of a database are tracked, and which could be. The file is only read: its schema, without rows, is made again in memory and
/// tracked there.</summary>
internal static class TrackableTables
{
    /// <summary>All tables of a database.</summary>
    public static InitResult Read(DatabaseFile file, TableRules rules)
    {
        HashSet<string> tracked = file.IsTracked ? [.. TrackedTable.Of(file).Select(table => table.Name)] : [];
        using DatabaseFile copy = DatabaseFile.InMemory(file.Context);
        List<TableChoice> tables = [];
        foreach ((string name, string sql) in Schema(file))
        {
            string? reason = null;
            if (!tracked.Contains(name))
            {
                try
                {
                    // Tables that belong to a virtual one came with it.
                    if (copy.Number("SELECT count(*) FROM sqlite_master WHERE name = ?1 COLLATE NOCASE", name) == 0)
                    {
                        copy.Run(sql);
                    }

                    copy.Run("SELECT cloudsync_init(?1, ?2, ?3)", name, rules.Algorithm, rules.Flags);
                }
                catch (ToolException failure) when (failure.Code is ExitCode.Database)
                {
                    reason = failure.Cause;
                }
            }

            tables.Add(new TableChoice(name, tracked.Contains(name), reason == null, reason, reason == null ? null : TableRules.Cure(reason)));
        }

        return new InitResult(file.Path, null, tables);
    }

    /// <summary>Tables that have just been tracked.</summary>
    public static InitResult Tracked(DatabaseFile file, IEnumerable<string> names) =>
        new(file.Path, file.Sync.Site, [.. names.Select(name => new TableChoice(name, true, true, null, null))]);

    private static List<(string Name, string Sql)> Schema(DatabaseFile file) =>
    [
        .. file.Rows("""
            SELECT name, sql FROM sqlite_master WHERE type = 'table' AND sql IS NOT NULL AND name NOT LIKE 'sqlite\_%' ESCAPE '\'
                AND name NOT LIKE 'cloudsync\_%' ESCAPE '\' AND name NOT LIKE '%\_cloudsync' ESCAPE '\' AND name NOT LIKE '%\_cloudsync\_blocks' ESCAPE '\'
                AND name NOT LIKE 'chunksync\_%' ESCAPE '\'
            ORDER BY name
            """).Select(row => (row.Text(0) ?? "", row.Text(1) ?? "")),
    ];
}
