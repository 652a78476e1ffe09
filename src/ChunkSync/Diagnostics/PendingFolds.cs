using ChunkSync.Catalog;
using ChunkSync.Session;
using ChunkSync.Sqlite;

namespace ChunkSync.Diagnostics;

/// <summary>D32: operations of a tree that are stored and not folded in: the last fold failed, or folds are deferred; or tables of a tree were dropped or
/// emptied by hand.</summary>
internal sealed class PendingFolds() : FindingCheck("D32", Severity.Error)
{
    public override void Run(CheckContext context)
    {
        bool isDeferred = context.Session.Settings.Text(Settings.TreeCatchUp) == "deferred";
        foreach (TrackedTable table in context.Tables.Where(table => table.Tree != null))
        {
            if (FindDamage(context, table) is string damage)
            {
                string cure = $"SELECT cloudsync_tree_ensure({Connection.Literal(table.Name)}, 'rebuild')";
                context.Add(table.Name, null, 1, $"the tree is damaged: {damage}", cure);
                continue;
            }

            string? failure = context.Catalog.Trees.State(table.Name).Failure;
            long pending = context.Connection.Integer($"SELECT count(*) FROM main.{Connection.Quote(table.Tree!.PendingTable)}");
            if (pending == 0 || (failure == null && !isDeferred))
            {
                continue;
            }

            string text = isDeferred ? "operations of the tree are pending: folds are deferred" : $"operations of the tree are pending, the last fold failed: {failure}";
            context.Add(table.Name, null, pending, text, CheckContext.Call("cloudsync_tree_ensure", table.Name), isDeferred ? Severity.Info : null);
        }
    }

    /// <summary>What of a tree's tables is not there, or empty; without <see cref="CheckContext.IsDeep"/> the newest operation alone is looked for.</summary>
    private static string? FindDamage(CheckContext context, TrackedTable table)
    {
        TreeRegistration tree = table.Tree!;
        if (tree.FindMissing(context.Connection) is string gone)
        {
            return gone + " is gone";
        }

        string[] quoted = [.. tree.LocalTables.Prepend(tree.Carrier).Select(name => "main." + Connection.Quote(name))];
        (string carrier, string node, string log, string pending) = (quoted[0], quoted[1], quoted[2], quoted[3]);
        long voids = context.Catalog.Trees.State(table.Name).Void;
        if (context.Connection.Integer($"SELECT NOT EXISTS (SELECT 1 FROM {log}) AND EXISTS (SELECT 1 FROM {carrier})"
            + $" AND (SELECT count(*) FROM {carrier}) > {voids} + (SELECT count(*) FROM {pending} WHERE present)") != 0)
        {
            return "its log is empty";
        }

        string rows = context.IsDeep ? log : $"(SELECT * FROM {log} ORDER BY lamport DESC, site DESC LIMIT 1)";
        if (context.Connection.Integer($"SELECT EXISTS (SELECT 1 FROM {rows} AS l LEFT JOIN {node} AS n ON n.nid = l.nid WHERE n.nid IS NULL)") != 0)
        {
            return $"operations move nodes that {tree.NodeTable} does not have";
        }

        return context.Connection.Integer($"SELECT EXISTS (SELECT 1 FROM {rows} AS l WHERE NOT EXISTS (SELECT 1 FROM {carrier} WHERE lamport = l.lamport AND site = l.site)"
            + $" AND NOT EXISTS (SELECT 1 FROM {pending} WHERE lamport = l.lamport AND site = l.site))") != 0
            ? $"operations are counted that {tree.Carrier} does not have" : null;
    }
}
