using ChunkSync.Catalog;
using ChunkSync.Merge;
using ChunkSync.Session;
using ChunkSync.Sqlite;
using ChunkSync.Tracking;

namespace ChunkSync.Trees;

/// <summary>What makes tables trees and ends it, and what looks at them.</summary>
internal sealed class TreeTracker(Tracker tracker, IMergeWatch watch) : ITreeTracking
{
    /// <summary>What it works with.</summary>
    public Tracker Tracker { get; } = tracker;

    /// <summary>What folds operations in.</summary>
    public TreeFolds Folds { get; } = new(tracker.Session, tracker.Catalog, watch);

    private SyncSession Session => Tracker.Session;

    private TableCatalog Catalog => Tracker.Catalog;

    /// <summary>The tree table of that name, as it is now.</summary>
    /// <exception cref="EngineException">It is none, or its row table is gone.</exception>
    public TreeTable Require(string name, string function)
    {
        Session.Refresh();
        TreeTable tree = Folds.Require(name, function);
        return tree.Tracked.Columns.Length > 0 ? tree : throw Errors.BadArgument(function, $"table {tree.Name} does not exist");
    }

    /// <summary>Folds in what is pending.</summary>
    /// <param name="name">The table; null for all of them.</param>
    /// <param name="rebuilds">Whether everything is done again.</param>
    /// <returns>What was done, added up, as JSON.</returns>
    public string Ensure(string? name, bool rebuilds)
    {
        const string Function = "cloudsync_tree_ensure";
        Session.RefuseDuringMerge(Function);
        Session.Refresh();
        List<string> tables = name != null ? [NameOf(name, Function)]
            : [.. Catalog.All.Where(table => table.Tree != null && table.Columns.Length > 0).Select(table => table.Name)];
        Frontier.FoldResult sum = default;
        long pending = 0;
        using MergeCall call = new(MergeCall.KeepsBy(Session.Settings, byDefault: false), []);
        foreach (string table in tables)
        {
            while (!TryEnsure(table, rebuilds, call, ref sum))
            {
                Session.Refresh();
            }

            pending += Require(table, Function).CountPending();
        }

        return $"{{\"folded\":{sum.Folded},\"scanned\":{sum.Scanned},\"written\":{sum.Written},\"moved\":{sum.Moved},\"pending\":{pending - sum.Held},\"held\":{sum.Held}}}";
    }

    /// <summary>Ends a tree: log, nodes, triggers and index go, and the two columns are captured again like others.</summary>
    public void Cleanup(string name)
    {
        const string Function = "cloudsync_tree_cleanup";
        Session.RefuseDuringMerge(Function);
        string table = NameOf(name, Function);
        Session.InTransaction("chunksync_tree_cleanup", () =>
        {
            Session.Transaction.Join();
            End(Catalog.Require(table));
            Session.Invalidate();
            Session.Refresh();
            TableInitializer.BringUpToDate(Tracker, Catalog.Require(table), _ => { }, keepLost: true);
        }, dropsTables: true);
        Session.Refresh();
    }

    public void RefuseLog(TrackedTable table, string function)
    {
        if (table.TreeOfLog != null)
        {
            throw Errors.BadArgument(function, $"{table.Name} is the operation log of tree table {table.TreeOfLog};"
                + $" SELECT cloudsync_tree_cleanup('{table.TreeOfLog}') ends the tree");
        }
    }

    public void RefuseTree(TrackedTable table, string function, string what)
    {
        RefuseLog(table, function);
        if (table.Tree != null)
        {
            throw Errors.BadArgument(function, $"table {table.Name} is a tree, which cannot have {what}");
        }
    }

    public void Detach(TrackedTable table)
    {
        if (table.Tree != null)
        {
            TreeTriggers.Drop(Session.Connection, table.Tree);
        }
    }

    public void Attach(TrackedTable table)
    {
        if (table.Tree == null)
        {
            return;
        }

        if (table.FindMissingPlace() is string gone)
        {
            throw Errors.BadArgument("cloudsync_commit_alter", $"column {gone} of table {table.Name} says where the rows of a tree are, and is gone;"
                + " name the columns that do with cloudsync_tree_init before cloudsync_commit_alter, or ROLLBACK");
        }

        TreeTable now = Folds.Of(table);
        TreeTriggers.Restore(Session.Connection, now.Names, now.HasForeignKey);
        now.Rows.MakeAllDirty();
    }

    public void Recapture(TrackedTable table)
    {
        if (table.Tree == null)
        {
            return;
        }

        TreeTable tree = Folds.Of(table);
        TreeTriggers.Restore(Session.Connection, tree.Names, tree.HasForeignKey);
        using ExistingPlaces places = new(Session.Connection, tree, Session);
        places.RecordMoved();
        places.RecordUnknown();
        using MergeCall call = new(keeps: false, []);
        if (Folds.TryFold(table, rebuilds: false, call, triesAll: true) is EngineException failure)
        {
            throw failure;
        }
    }

    public void End(TrackedTable table)
    {
        TreeRegistration tree = table.Tree!;
        TreeTriggers.Drop(Session.Connection, tree);
        Catalog.Trees.Remove(tree.Table);
        Session.Invalidate();
        Session.Refresh();
        if (Catalog.Find(tree.Carrier) != null)
        {
            TableAlteration.Cleanup(Tracker, tree.Carrier);
        }

        TreeTables.DropCarrier(Session.Connection, tree);
        TreeTables.Drop(Session.Connection, tree);
    }

    /// <summary>The name of a tree table, whose other tables may be gone.</summary>
    /// <exception cref="EngineException">It is none, or its row table is gone.</exception>
    private string NameOf(string name, string function)
    {
        Session.Refresh();
        return Catalog.Find(name) is { Tree: not null, Columns.Length: > 0 } table ? table.Name : Require(name, function).Name;
    }

    /// <returns>False where a trigger rolled everything back, and another attempt leaves that row out.</returns>
    private bool TryEnsure(string table, bool rebuilds, MergeCall call, ref Frontier.FoldResult sum)
    {
        EngineException? failure;
        bool owns = Session.Connection.IsAutocommit;
        using (TransactionScope scope = Session.BeginTransaction("chunksync_tree_ensure"))
        {
            Session.Transaction.Join();
            Session.Refresh();
            if (rebuilds)
            {
                TreeRepair.Run(Tracker, Catalog.Require(table));
            }

            TreeTable tree = Folds.Of(Catalog.Require(table));
            if (TreeTriggers.Restore(Session.Connection, tree.Names, tree.HasForeignKey))
            {
                tree.Rows.MakeAllDirty();
                Session.Invalidate();
                Session.Refresh();
            }

            failure = Folds.TryFold(Catalog.Require(table), rebuilds, call, triesAll: true);
            if (Session.Connection.IsAutocommit)
            {
                if (owns && call is { Keeps: true, CanBeginAnew: true })
                {
                    call.Clear();
                    return false;
                }

                throw failure ?? Errors.Aborted("the transaction was rolled back while a tree was folded");
            }

            scope.Complete();
        }

        if (failure != null)
        {
            throw failure;
        }

        Frontier.FoldResult done = Folds.Last(table);
        sum.Folded += done.Folded;
        sum.Scanned += done.Scanned;
        sum.Written += done.Written;
        sum.Moved += done.Moved;
        sum.Held += done.Held;
        return true;
    }
}
