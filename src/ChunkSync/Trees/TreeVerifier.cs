using ChunkSync.Frontier;
using ChunkSync.Sqlite;

namespace ChunkSync.Trees;

/// <summary><c>cloudsync_tree_verify</c>: does the log again in memory and compares it with what is stored: undo and effect of each operation, the
/// nodes, the log that travels, the rows. Writes nothing.</summary>
internal static class TreeVerifier
{
    private const string Function = "cloudsync_tree_verify";

    /// <summary>Compares.</summary>
    /// <returns><c>ok</c>, or the first difference.</returns>
    public static string Run(TreeTracker trees, string name)
    {
        TreeTable tree = trees.Require(name, Function);
        long? floor = trees.Tracker.Catalog.Trees.State(tree.Name).Floor;
        tree.Store.Positions.Clear();
        using Replay replay = new(tree.Store);
        return replay.FindDifference(hasAll: floor == null) is long node
            ? $"node {tree.Rows.Describe(node)}: {replay.Difference}"
            : CarrierDifference(trees, tree, floor) ?? RowDifference(trees.Tracker.Session.Connection, tree) ?? "ok";
    }

    private static string? CarrierDifference(TreeTracker trees, TreeTable tree, long? floor)
    {
        TreeNames names = tree.Names;
        Connection connection = trees.Tracker.Session.Connection;
        const string Same = "l.lamport = c.lamport AND l.site = c.site AND l.nid = (SELECT nid FROM {0} WHERE key = +c.node)"
            + " AND l.parent = CASE WHEN +c.parent IS +c.node THEN 0 ELSE (SELECT nid FROM {0} WHERE key = +c.parent) END AND l.pos = +c.pos";
        string same = Same.Replace("{0}", names.Node, StringComparison.Ordinal);
        using Statement missing = connection.Prepare($"SELECT c.lamport, c.site, c.node, c.parent, c.pos FROM {names.Carrier} AS c"
            + $" WHERE NOT EXISTS (SELECT 1 FROM {names.Log} AS l WHERE {same}) AND NOT EXISTS (SELECT 1 FROM {names.Pending} AS p WHERE p.lamport = c.lamport"
            + " AND p.site = c.site AND p.node = +c.node AND p.parent = +c.parent AND p.pos = +c.pos AND p.present)");
        while (missing.Step())
        {
            bool isVoid = TreeValue.IsVoid(missing.ColumnValue(0), missing.ColumnValue(1), missing.ColumnValue(2), missing.ColumnValue(3), missing.ColumnValue(4));
            if (!isVoid && !(missing.Int64(0) <= floor))
            {
                return $"operation {missing.Int64(0)} of {SqlText.Describe(missing.ColumnValue(2))} is stored and neither counted nor pending";
            }
        }

        using Statement gone = connection.Prepare($"SELECT l.lamport, n.key FROM {names.Log} AS l JOIN {names.Node} AS n ON n.nid = l.nid LEFT JOIN {names.Node} AS p ON p.nid = l.parent"
            + $" WHERE NOT EXISTS (SELECT 1 FROM {names.Carrier} AS c WHERE c.lamport = l.lamport AND c.site = l.site AND c.node = +n.key"
            + " AND c.parent = CASE l.parent WHEN 0 THEN +n.key ELSE +p.key END AND c.pos = +l.pos)"
            + $" AND NOT EXISTS (SELECT 1 FROM {names.Pending} AS q WHERE q.lamport = l.lamport AND q.site = l.site AND q.node = +n.key AND NOT q.present)");
        return gone.Step() ? $"operation {gone.Int64(0)} of {SqlText.Describe(gone.ColumnValue(1))} is counted and not stored" : null;
    }

    private static string? RowDifference(Connection connection, TreeTable tree)
    {
        TreeNames names = tree.Names;
        string position = names.Position == null ? "" : $" AND nullif(t.{names.Position}, x'') COLLATE BINARY IS n.pos";
        using Statement rows = connection.Prepare($"SELECT n.key FROM {names.Node} AS n JOIN {names.Table} AS t ON t.{names.Key} = n.key AND typeof(t.{names.Key}) = typeof(n.key)"
            + $" LEFT JOIN {names.Node} AS p ON p.nid = n.parent WHERE NOT (t.{names.Parent} COLLATE BINARY IS CASE WHEN n.parked THEN NULL ELSE p.key END{position})"
            + $" AND NOT EXISTS (SELECT 1 FROM {names.Dirty} AS d WHERE d.key = n.key)");
        return rows.Step() ? $"row {SqlText.Describe(rows.ColumnValue(0))} shows another place than the tree has" : null;
    }
}
