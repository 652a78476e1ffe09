using ChunkSync.Capture;
using ChunkSync.Catalog;
using ChunkSync.Format;
using ChunkSync.Sqlite;

namespace ChunkSync.Diagnostics;

/// <summary>D05: clocks of tables that are gone, and, deep, of columns.</summary>
internal sealed class LostClocks() : FindingCheck("D05", Severity.Warning)
{
    public override void Run(CheckContext context)
    {
        foreach (TrackedTable table in context.Catalog.All.Where(table => table.Columns.Length == 0))
        {
            string text = $"the table is gone, its clocks {table.ClockName} are there: nothing of this database can be sent";
            if (NewName(context, table) is string name)
            {
                context.Add(table.Name, null, 1, $"{text}. Its triggers are on {name}: it was renamed", $"ALTER TABLE {Connection.Quote(name)} RENAME TO {Connection.Quote(table.Name)}",
                    Severity.Error);
            }
            else
            {
                string cure = table.TreeOfLog is string tree ? $"SELECT cloudsync_tree_ensure({Connection.Literal(tree)}, 'rebuild')"
                    : CheckContext.Call("cloudsync_cleanup", table.Name);
                context.Add(table.Name, null, 1, text, cure, Severity.Error);
            }
        }

        foreach (TrackedTable table in context.IsDeep ? context.Tables : [])
        {
            FindColumns(context, table);
        }
    }

    /// <summary>Where the triggers of a table that is gone are: a RENAME takes them along.</summary>
    private static string? NewName(CheckContext context, TrackedTable table)
    {
        HashSet<string> own = [.. TriggerSet.Names(table.Name).Select(AsciiNames.Lower)];
        return context.Schema.FirstOrDefault(entry => entry.Type == "trigger" && own.Contains(AsciiNames.Lower(entry.Name)))?.Table;
    }

    private static void FindColumns(CheckContext context, TrackedTable table)
    {
        HashSet<string> known = [.. table.ValueColumns.Select(column => column.ClockName)];
        string separator = ((char)TrackedTable.BlockSeparator).ToString();
        foreach (object?[] row in context.Rows($"SELECT CASE instr(col_name, ?1) WHEN 0 THEN col_name ELSE substr(col_name, 1, instr(col_name, ?1) - 1) END AS col, count(*)"
            + $" FROM {table.QuotedClock} WHERE col_name <> '{SentinelColumn.Name}' GROUP BY 1 ORDER BY 1", separator))
        {
            string name = row[0] as string ?? "";
            if (!known.Contains(AsciiNames.Lower(name)))
            {
                context.Add(table.Name, name, (long)row[1]!, $"clocks of column {name}, which the table does not have",
                    $"{CheckContext.Call("cloudsync_begin_alter", table.Name)}; {CheckContext.Call("cloudsync_commit_alter", table.Name)}");
            }
        }
    }
}
