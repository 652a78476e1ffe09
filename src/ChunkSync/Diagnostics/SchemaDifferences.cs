using ChunkSync.Catalog;
using ChunkSync.Session;
using ChunkSync.Sqlite;

namespace ChunkSync.Diagnostics;

/// <summary>D27: tables and columns of others that this schema does not have, and columns whose types differ.</summary>
internal sealed class SchemaDifferences() : FindingCheck("D27", Severity.Info)
{
    public override void Run(CheckContext context)
    {
        if (context.HasTable(WaitingChanges.Groups) && context.HasTable(WaitingChanges.Changes))
        {
            foreach (object?[] row in context.Rows($"SELECT c.tbl, CASE r.reason WHEN 'column' THEN c.col_name END, count(*) FROM main.{WaitingChanges.Groups} AS r"
                + $" JOIN main.{WaitingChanges.Changes} AS c ON c.tbl = r.tbl AND c.pk = r.pk WHERE r.reason IN ('table', 'column') GROUP BY 1, 2 ORDER BY 1, 2"))
            {
                string table = row[0] as string ?? "";
                string call = $"SELECT cloudsync_waiting_ignore({Connection.Literal(table)}{(row[1] is string name ? ", " + Connection.Literal(name) : "")})";
                context.Add(table, row[1] as string, (long)row[2]!, row[1] == null ? "changes of a table that is not tracked here wait; they can be ignored"
                    : "changes of a column that the table does not have wait; they can be ignored", call);
            }
        }

        foreach (object?[] row in context.Rows("SELECT key, value FROM main.cloudsync_settings WHERE key >= ?1 AND key < ?2 ORDER BY key", Settings.Converted, Settings.Converted[..^1] + ';'))
        {
            if (ConvertedCounts.Read(context.Catalog, (string)row[0]!, row[1] as string) is (TrackedTable table, TableColumn column, long count))
            {
                context.Add(table.Name, column.Name, count, $"received values were stored as others, because column {column.Name} is declared {(column.DeclaredType.Length == 0 ? "without a type" : column.DeclaredType)}"
                    + " here and with another type elsewhere: rows are equal up to that. Declare it with one type everywhere");
            }
        }

        foreach (object?[] row in context.Rows("SELECT key FROM main.cloudsync_settings WHERE key >= ?1 AND key < 'ignored;' ORDER BY key", Settings.IgnoredTable))
        {
            context.Add(null, ((string)row[0]!)[Settings.IgnoredTable.Length..], 1, "changes of this table are ignored, until cloudsync_init tracks it");
        }

        foreach (object?[] row in context.Rows("SELECT tbl_name, col_name FROM main.cloudsync_table_settings WHERE key = 'ignored' ORDER BY 1, 2"))
        {
            context.Add(row[0] as string, row[1] as string, 1, "changes of this column are ignored, until the table has it");
        }
    }
}
