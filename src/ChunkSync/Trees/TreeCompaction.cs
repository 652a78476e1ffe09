using ChunkSync.Frontier;
using ChunkSync.Sqlite;

namespace ChunkSync.Trees;

/// <summary><c>cloudsync_tree_compact</c>: drops what undoes old operations. They stay in the log that travels, because new replicas need them; one
/// that comes later than that is found by doing everything again.</summary>
internal static class TreeCompaction
{
    private const string Function = "cloudsync_tree_compact";

    /// <summary>Removes rows of the log up to a clock value, but never those with the newest stamp.</summary>
    /// <returns>How many.</returns>
    public static long Run(TreeTracker trees, string name, Value lamport)
    {
        trees.Tracker.Session.RefuseDuringMerge(Function);
        string table = trees.Require(name, Function).Name;
        long removed = 0;
        trees.Tracker.Session.InTransaction("chunksync_tree_compact", () =>
        {
            trees.Tracker.Session.Transaction.Join();
            removed = Compact(trees, trees.Require(table, Function), lamport);
        });
        trees.Tracker.Session.Refresh();
        return removed;
    }

    private static long Compact(TreeTracker trees, TreeTable tree, Value lamport)
    {
        string table = tree.Name;
        if (tree.CountPending() is long pending and > 0)
        {
            throw Errors.BadArgument(Function, $"{pending} operations of {table} are pending; call cloudsync_tree_ensure('{table}') first");
        }

        long next = tree.Store.TryReadHead(out OperationStamp head) ? Math.Max(head.Lamport, 0) + 1 : 1;
        if (lamport.Type != StorageClass.Integer || lamport.Int64 >= next)
        {
            throw Errors.BadArgument(Function, $"lamport must be an integer below {next}");
        }

        long? floor = trees.Tracker.Catalog.Trees.State(table).Floor;
        if (next == 1 || lamport.Int64 <= (floor ?? long.MinValue))
        {
            return 0;
        }

        Connection connection = trees.Tracker.Session.Connection;
        Span<byte> site = stackalloc byte[TreeLimits.SiteBytes];
        head.WriteSite(site);
        using Statement delete = connection.Prepare($"DELETE FROM {tree.Names.Log} WHERE lamport <= ?1 AND NOT (lamport = ?2 AND site = ?3)");
        delete.Bind(1, lamport.Int64).Bind(2, head.Lamport).BindBlob(3, site);
        delete.Run();
        long removed = connection.Changes;
        trees.Tracker.Catalog.Trees.StoreFloor(table, lamport.Int64);
        return removed;
    }
}
