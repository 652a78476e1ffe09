using ChunkSync.Catalog;
using ChunkSync.Merge;
using ChunkSync.Sqlite;
using ChunkSync.Tracking;

namespace ChunkSync.Trees;

/// <summary><c>cloudsync_tree_init</c>: checks a tracked table and makes it a tree, or brings a tree up to date.</summary>
internal static class TreeInitializer
{
    /// <summary>Makes a table a tree in a savepoint of its own: after an error nothing has changed.</summary>
    /// <param name="trees">What it works with.</param>
    /// <param name="name">The table.</param>
    /// <param name="parent">Its parent column.</param>
    /// <param name="position">Its position column; null for none.</param>
    /// <param name="json">Options; null for none.</param>
    /// <returns>How many operations were written for rows that were there.</returns>
    public static long Run(TreeTracker trees, string name, string parent, string? position, string? json)
    {
        TreeOptions options = TreeOptions.Parse(trees.Tracker.Session.Connection, json);
        Tracker tracker = trees.Tracker;
        tracker.Session.RefuseDuringMerge(TreeErrors.Init);
        tracker.Session.Refresh();
        long written = 0;
        tracker.Session.InTransaction("chunksync_tree_init", () => written = Initialize(trees, name, parent, position, options));
        tracker.Session.Refresh();
        return written;
    }

    private static long Initialize(TreeTracker trees, string name, string parent, string? position, TreeOptions options)
    {
        Tracker tracker = trees.Tracker;
        tracker.Session.Transaction.Join();
        tracker.Session.Refresh();
        TrackedTable table = tracker.Catalog.Find(name) ?? throw tracker.Catalog.Damage.Unknown(name, ResultCode.Error,
            $"{TreeErrors.Init}: table '{name}' is not configured for sync. Call SELECT cloudsync_init('{name}') first.");
        TreeRegistration tree = TreeChecks.Registration(tracker, table, parent, position);
        bool isNew = table.Tree == null;
        bool isDamaged = !isNew && TreeRepair.Run(tracker, table);
        TreeTables.CreateCarrier(tracker.Session.Connection, tree);
        TreeNames names = new(tree, table.KeyColumns[0].Name);
        TableInitializer.Run(tracker, tree.Carrier, null, 0);
        TreeTables.Create(tracker.Session.Connection, names);
        if (options.HasIndex)
        {
            TreeTables.CreateIndex(tracker.Session.Connection, names);
        }

        tracker.Catalog.Trees.Store(tree);
        tracker.Session.Invalidate();
        tracker.Session.Refresh();
        if (isNew && !options.CutsCycles)
        {
            TreeCycles.Refuse(tracker.Session.Connection, trees.Folds.Of(tracker.Catalog.Require(tree.Table)));
        }

        // Rows are compared with the tree as it was.
        using MergeCall call = new(keeps: false, []);
        EngineException? failure = isDamaged ? trees.Folds.TryFold(tracker.Catalog.Require(tree.Table), rebuilds: true, call, triesAll: true) : null;
        if (failure != null)
        {
            throw failure;
        }

        long written = Record(trees, tree, isNew);
        TrackedTable now = tracker.Catalog.Require(tree.Table);
        if (isNew)
        {
            TableInitializer.BringUpToDate(tracker, now, _ => { }, keepLost: true);
        }

        failure = trees.Folds.TryFold(tracker.Catalog.Require(tree.Table), rebuilds: false, call, triesAll: true);
        return failure == null ? written : throw failure;
    }

    /// <summary>Makes operations of rows: of a new tree those that are somewhere, at clock values below all moves; of an old one those that it
    /// does not know.</summary>
    private static long Record(TreeTracker trees, TreeRegistration tree, bool isNew)
    {
        Tracker tracker = trees.Tracker;
        Connection connection = tracker.Session.Connection;
        TreeTable table = trees.Folds.Of(tracker.Catalog.Require(tree.Table));
        TreeNames names = table.Names;
        using ExistingPlaces places = new(connection, table, tracker.Session);
        long written = isNew ? places.RecordOld() : 0;
        bool restored = TreeTriggers.Restore(connection, names, table.HasForeignKey);
        if (isNew)
        {
            connection.Execute($"INSERT OR REPLACE INTO {names.Pending}(lamport, site, node, parent, pos, present)"
                + $" SELECT lamport, site, node, parent, pos, 1 FROM {names.Carrier}");
            return written;
        }

        if (restored)
        {
            table.Rows.MakeAllDirty();
        }

        return places.RecordUnknown();
    }
}
