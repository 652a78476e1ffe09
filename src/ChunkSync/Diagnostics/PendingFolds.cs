using ChunkSync.Catalog;
using ChunkSync.Session;
using ChunkSync.Sqlite;

namespace ChunkSync.Diagnostics;

/// <summary>D32: operations of a tree that are stored and not folded in: the last fold failed, or folds are deferred.</summary>
internal sealed class PendingFolds() : FindingCheck("D32", Severity.Error)
{
    public override void Run(CheckContext context)
    {
        bool isDeferred = context.Session.Settings.Text(Settings.TreeCatchUp) == "deferred";
        foreach (TrackedTable table in context.Tables.Where(table => table.Tree != null))
        {
            string? failure = context.Catalog.Trees.State(table.Name).Failure;
            long pending = context.Connection.Integer($"SELECT count(*) FROM main.{Connection.Quote(table.Name + "_tree_pending")}");
            if (pending == 0 || (failure == null && !isDeferred))
            {
                continue;
            }

            string text = isDeferred ? "operations of the tree are pending: folds are deferred" : $"operations of the tree are pending, the last fold failed: {failure}";
            context.Add(table.Name, null, pending, text, CheckContext.Call("cloudsync_tree_ensure", table.Name), isDeferred ? Severity.Info : null);
        }
    }
}
