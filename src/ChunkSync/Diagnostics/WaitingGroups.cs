using ChunkSync.Catalog;
using ChunkSync.Sqlite;

namespace ChunkSync.Diagnostics;

/// <summary>D25: changes that a table refused and that wait.</summary>
internal sealed class WaitingGroups() : FindingCheck("D25", Severity.Warning)
{
    private const int Hour = 3600;

    public override void Run(CheckContext context)
    {
        // That a table of a tree is gone is D32.
        foreach (TrackedTable table in context.Tables.Where(table => table.Tree != null && context.HasTable(table.Tree.DirtyTable)))
        {
            AddPlaces(context, table.Name, table.Tree!.DirtyTable);
        }

        if (!context.HasTable(WaitingChanges.Groups))
        {
            return;
        }

        foreach (object?[] row in context.Rows($"SELECT tbl, reason, count(*), min(since), max(text), min(pk) FROM main.{WaitingChanges.Groups} GROUP BY tbl, reason ORDER BY tbl, reason"))
        {
            string table = row[0] as string ?? "";
            string reason = row[1] as string ?? "";
            bool isNew = row[3] is long since && since > context.Now - Hour;
            context.Add(table, row[5] is byte[] key ? $"x'{Convert.ToHexStringLower(key)}'" : null, (long)row[2]!, $"changes of rows of {table} wait, reason {reason}: {row[4]}. {Advice(reason)}",
                Cure(context, table, reason), isNew ? Severity.Info : null);
        }
    }

    private static void AddPlaces(CheckContext context, string table, string places)
    {
        foreach (object?[] row in context.Rows(
            $"SELECT reason, count(*), max(text), min(pk) FROM main.{Connection.Quote(places)} WHERE reason IS NOT NULL GROUP BY reason ORDER BY reason"))
        {
            string reason = row[0] as string ?? "";
            context.Add(table, row[3] is byte[] key ? $"x'{Convert.ToHexStringLower(key)}'" : null, (long)row[1]!,
                $"rows of tree table {table} were refused their places, reason {reason}: {row[2]}. {Advice(reason)}", Cure(context, table, reason));
        }
    }

    private static string Advice(string reason) => reason switch
    {
        "table" => "Create the table and call cloudsync_init for it",
        "column" => "Alter the table between cloudsync_begin_alter and cloudsync_commit_alter",
        _ => "cloudsync_waiting shows which row has to move first; change or delete it, here or elsewhere",
    };

    private static string? Cure(CheckContext context, string table, string reason) => reason switch
    {
        "table" => context.HasTable(table) ? CheckContext.Call("cloudsync_init", table) : null,
        "column" => null,
        _ => CheckContext.Call("cloudsync_waiting_retry", table),
    };
}
