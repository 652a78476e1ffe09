namespace ChunkSync.Tests.Consistency;

/// <summary>Compares the triggers of a tracked table with its columns (behaviour E.4).</summary>
internal static class TriggerCheck
{
    /// <summary>Key columns that fit in one call of a function, beside the table's name.</summary>
    private const int MostArguments = 126;

    /// <summary>What is wrong with a table's triggers.</summary>
    /// <param name="table">The table.</param>
    /// <param name="triggers">The triggers of the database by name: the table that each is on, and its text.</param>
    public static IEnumerable<string> Find(CheckedTable table, Dictionary<string, (string Table, string Sql)> triggers)
    {
        foreach ((string prefix, string[] parts) in Expected(table))
        {
            string name = prefix + table.Name;
            if (!triggers.TryGetValue(name, out (string Table, string Sql) trigger))
            {
                yield return $"trigger {name} is missing";
                continue;
            }

            if (!trigger.Table.Equals(table.Name, StringComparison.OrdinalIgnoreCase))
            {
                yield return $"trigger {name} is on table {trigger.Table}";
            }

            foreach (string part in parts.Where(part => !trigger.Sql.Contains(part, StringComparison.Ordinal)))
            {
                yield return $"trigger {name} does not fit the table: it should contain {part}, it is {trigger.Sql}";
            }
        }
    }

    private static IEnumerable<(string Prefix, string[] Parts)> Expected(CheckedTable table)
    {
        string name = CheckedTable.Literal(table.Name);
        string when = $" FOR EACH ROW WHEN cloudsync_is_sync({name}) = 0" + (table.Filter == null ? " BEGIN " : " AND (");
        bool wide = table.Keys.Count > MostArguments;
        yield return ("cloudsync_after_insert_", wide ? [when] : [when, $" BEGIN SELECT cloudsync_insert({name}, {Keys(table, "NEW.")}); END"]);
        if (table.IsGrowOnly)
        {
            string enabled = $" FOR EACH ROW WHEN cloudsync_is_enabled({name}) = 1 BEGIN SELECT RAISE(ABORT, ";
            yield return ("cloudsync_before_update_", [enabled]);
            yield return ("cloudsync_before_delete_", [enabled]);
            yield break;
        }

        string rows = string.Join(", ", table.Keys.Concat(table.Columns.Where(column => !column.IsKey)).Select(column => CheckedTable.Quote(column.Name))
            .Select(column => $"({name}, NEW.{column}, OLD.{column})"));
        yield return ("cloudsync_after_update_", [when, $" BEGIN SELECT cloudsync_update(table_name, new_value, old_value) FROM (WITH column_data"
            + $"(table_name, new_value, old_value) AS (VALUES {rows}) SELECT table_name, new_value, old_value FROM column_data); END"]);
        yield return ("cloudsync_after_delete_", wide ? [when] : [when, $" BEGIN SELECT cloudsync_delete({name},{Keys(table, "OLD.")}); END"]);
    }

    private static string Keys(CheckedTable table, string prefix) =>
        string.Join(",", table.Keys.Select(column => prefix + CheckedTable.Quote(column.Name)));
}
