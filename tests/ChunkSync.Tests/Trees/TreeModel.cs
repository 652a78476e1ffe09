using ChunkSync.Tests.Frontier;
using ChunkSync.Tests.Host;

namespace ChunkSync.Tests.Trees;

/// <summary>What has to hold of a tree table <c>items(id, parent, …)</c>, beside the model.</summary>
internal static class TreeModel
{
    /// <summary>Counts rows that are above themselves.</summary>
    public const string Circle =
        """
        WITH RECURSIVE up(start, at, depth) AS (SELECT id, parent, 1 FROM items WHERE parent IS NOT NULL
          UNION ALL SELECT start, parent, depth + 1 FROM up JOIN items ON id = at WHERE parent IS NOT NULL AND depth < 20)
        SELECT count(*) FROM up WHERE start = at
        """;

    private const string Nodes =
        "SELECT group_concat(n, ' ') FROM (SELECT quote(n.key) || '<' || ifnull(quote(p.key), '') || '@' || quote(n.pos) AS n"
        + " FROM items_tree_node AS n LEFT JOIN items_tree_node AS p ON p.nid = n.parent WHERE n.parent <> 0 OR n.pos IS NOT NULL ORDER BY n.key)";

    private const string Log =
        "SELECT group_concat(l, ' ') FROM (SELECT l.lamport || quote(n.key) || ifnull(quote(p.key), '') || quote(l.pos) || l.effective || ifnull(quote(o.key), '') || quote(l.old_pos) AS l"
        + " FROM items_tree_log AS l JOIN items_tree_node AS n ON n.nid = l.nid LEFT JOIN items_tree_node AS p ON p.nid = l.parent LEFT JOIN items_tree_node AS o ON o.nid = l.old_parent"
        + " ORDER BY l.lamport, l.site, n.key, p.key, l.pos)";

    private const string LostFrontier =
        "SELECT count(*) FROM items_tree_pending AS p WHERE present <> EXISTS (SELECT 1 FROM items_treeops AS o WHERE o.lamport = p.lamport AND o.site = p.site"
        + " AND o.node = +p.node AND o.parent = +p.parent AND o.pos = +p.pos)";

    /// <summary>Rows that are above themselves.</summary>
    public static void NoCycle(Database database) => Assert.Equal(0L, database.Scalar(Circle));

    /// <summary>Places, and the log with undo and effect.</summary>
    public static string State(Database database) => $"{database.Scalar(Nodes)}\n{database.Scalar(Log)}";

    /// <summary>Tree, log, carrier and rows fit each other, and every operation that is pending came or went.</summary>
    public static void Sound(Database database)
    {
        NoCycle(database);
        Assert.Equal("ok", database.Scalar("SELECT cloudsync_tree_verify('items')"));
        Assert.Equal(0L, database.Scalar(LostFrontier));
    }

    /// <summary>Places are the model's, of all operations that are stored.</summary>
    /// <returns>How many operations there are.</returns>
    public static int Equal(Database database)
    {
        List<NaiveOperation> operations = [.. database.Query("SELECT lamport, hex(site), node, parent, pos FROM items_treeops").Select(row =>
            new NaiveOperation((long)row[0]!, ((string)row[1]!).ToLowerInvariant(), row[2]!, row[3]!, row[4]!))];
        NaiveTree model = NaiveTree.Replay(operations);
        Dictionary<string, string> nodes = database.Query("SELECT n.key, p.key, n.pos FROM items_tree_node AS n LEFT JOIN items_tree_node AS p ON p.nid = n.parent").ToDictionary(
            row => NaiveOperation.Key(row[0]!), row => NaiveTree.Describe((row[1] == null ? null : NaiveOperation.Key(row[1]!), row[2])));
        foreach ((string node, (string? Parent, object? Position) place) in model.Places)
        {
            Assert.Equal($"{node}: {NaiveTree.Describe(place)}", $"{node}: {nodes.GetValueOrDefault(node)}");
        }

        Assert.Equal((long)model.Held.Count, database.Scalar("SELECT count(*) FROM items_tree_pending"));
        return operations.Count;
    }
}
