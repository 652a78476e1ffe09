using ChunkSync.Catalog;
using ChunkSync.Sqlite;
using ChunkSync.Tracking;

namespace ChunkSync.Trees;

/// <summary>Makes the tables of a tree again that were dropped by hand, and notices a log that was emptied. Everything beside the log that travels can be
/// made from it; that log itself from the one that counts.</summary>
internal static class TreeRepair
{
    /// <summary>One of a tree's tables is not there.</summary>
    public static EngineException Missing(TreeRegistration tree, string name) => TreeErrors.Damaged(tree.Table, $"{name} is gone");

    /// <summary>Makes what is missing, empty but for the log that travels.</summary>
    /// <returns>Whether anything was: then the tree has to be done again.</returns>
    /// <exception cref="EngineException">The operations are nowhere any more.</exception>
    public static bool Run(Tracker tracker, TrackedTable table)
    {
        TreeRegistration tree = table.Tree!;
        Connection connection = tracker.Session.Connection;
        if (tree.FindMissing(connection) == null)
        {
            return false;
        }

        TreeNames names = new(tree, table.KeyColumns[0].Name);
        if (!connection.HasTable(tree.Carrier))
        {
            if (!connection.HasTable(tree.LogTable) || !connection.HasTable(tree.NodeTable))
            {
                throw Errors.Corrupt($"the operations of tree table {tree.Table} are gone, with {tree.Carrier};"
                    + $" SELECT cloudsync_tree_cleanup('{tree.Table}') and another cloudsync_tree_init make new ones of its rows");
            }

            // Before it is tracked: its clocks are there, and find their rows again.
            TreeTables.CreateCarrier(connection, tree);
            connection.Execute($"INSERT INTO {names.Carrier}(lamport, site, node, parent, pos) SELECT l.lamport, l.site, n.key, CASE l.parent WHEN 0 THEN n.key ELSE p.key END, l.pos"
                + $" FROM {names.Log} AS l JOIN {names.Node} AS n ON n.nid = l.nid LEFT JOIN {names.Node} AS p ON p.nid = l.parent WHERE l.parent = 0 OR p.key IS NOT NULL");
            tracker.Session.Invalidate();
            tracker.Session.Refresh();
            TableInitializer.Run(tracker, tree.Carrier, null, 0);
        }

        TreeTables.Create(connection, names);
        tracker.Session.Invalidate();
        tracker.Session.Refresh();
        return true;
    }

    /// <summary>Whether the log that counts was emptied: more operations travel than are pending or never count.</summary>
    /// <param name="connection">The connection.</param>
    /// <param name="names">The tree, whose log is empty.</param>
    /// <param name="known">Operations that are not looked for.</param>
    public static bool HasLostLog(Connection connection, TreeNames names, long known) =>
        connection.Integer($"SELECT (SELECT count(*) FROM {names.Carrier}) > {known} + (SELECT count(*) FROM {names.Pending} WHERE present)") != 0;
}
