using Microsoft.Data.Sqlite;

namespace ChunkSync.Samples.MainJob;

/// <summary>Edits of an outline by several people at once, each written into a tree table and, as the same statement, into a table whose columns are
/// synced one by one.</summary>
/// <param name="outline">The table.</param>
/// <param name="trees">The replicas of the tree table.</param>
/// <param name="plain">Their counterparts without a tree.</param>
/// <param name="random">Chooses nodes.</param>
internal sealed class TreeEdits(Outline outline, IReadOnlyList<Replica> trees, IReadOnlyList<Replica> plain, Random random)
{
    private readonly Dictionary<string, long> counts = [];
    private readonly List<(int Replica, object Node, object? Parent)> trashed = [];
    private object[] leaves = [];
    private object[] folders = [];
    private object[] items = [];

    /// <summary>What was written, and how often.</summary>
    public IReadOnlyDictionary<string, long> Counts => counts;

    /// <summary>Some edits of each replica.</summary>
    /// <param name="amount">How many each replica makes.</param>
    public void Run(int amount)
    {
        string table = Sql.Quote(outline.Table), key = Sql.Quote(outline.Key), parent = Sql.Quote(outline.Parent);
        folders = [.. Sql.Rows(trees[0].Connection,
            $"SELECT {key} FROM {table} WHERE {key} IN (SELECT {parent} FROM {table}) ORDER BY 1").Select(row => row[0]!)];
        leaves = [.. Sql.Rows(trees[0].Connection,
            $"SELECT {key} FROM {table} WHERE {key} NOT IN (SELECT {parent} FROM {table} WHERE {parent} IS NOT NULL) ORDER BY 1").Select(row => row[0]!)];
        items = folders;
        if (outline == Outline.Documentation)
        {
            // Namespaces are what others are moved into; types are moved and thrown away.
            items = [.. folders.Where(node => IsMoved(node, 'T'))];
            folders = [.. folders.Where(node => IsMoved(node, 'N'))];
        }

        for (int i = 0; i < amount && folders.Length > 1 && items.Length > 0; i++)
        {
            for (int who = 0; who < trees.Count; who++)
            {
                One(who, random.Next(100));
            }

            if (i % 20 == 0)
            {
                (object one, object other) = (Any(folders), Any(folders));
                Cross(one, other);
            }
        }
    }

    /// <summary>Two people move two folders into each other: each move is fine where it is made.</summary>
    public void Cross(object one, object other)
    {
        Move(0, "folders moved below their own future child", one, other);
        Move(1, "folders moved below their own future child", other, one);
    }

    /// <summary>Moves a node; a move that a replica refuses, because it would make a cycle there, is not made.</summary>
    public void Move(int who, string what, object node, object? parent)
    {
        object? position = outline.Position == null ? null
            : Sql.Rows(trees[who].Connection, "SELECT cloudsync_tree_pos($t, $p)", ("$t", outline.Table), ("$p", parent))[0][0];
        Write(who, what, node, parent, position);
    }

    private void One(int who, int dice)
    {
        if (dice < 35 && outline.Position != null && leaves.Length > 0)
        {
            Sort(who, Any(leaves));
        }
        else if (dice < 60 && leaves.Length > 0)
        {
            Move(who, outline == Outline.Documentation ? "types moved" : "leaves moved", Any(outline == Outline.Documentation ? items : leaves), Any(folders));
        }
        else if (dice < 75)
        {
            Move(who, "folders moved into each other", Any(folders), Any(folders));
        }
        else if (dice < 85 && trashed.FindIndex(item => item.Replica == who) is int index and >= 0)
        {
            Move(who, "restored", trashed[index].Node, trashed[index].Parent);
            trashed.RemoveAt(index);
        }
        else
        {
            object node = Any(items);
            object? parent = Place(who, node)?[0];
            object? trash = outline == Outline.Documentation ? Outline.Trash : null;
            if (!Equals(parent, trash) && !Equals(node, trash))
            {
                trashed.Add((who, node, parent));
                Move(who, trash == null ? "moved to the root" : "thrown into the trash", node, trash);
            }
        }
    }

    /// <summary>Puts a node behind another child of its parent.</summary>
    private void Sort(int who, object node)
    {
        string table = Sql.Quote(outline.Table);
        if (Place(who, node) is not [object parent])
        {
            return;
        }

        List<object?[]> siblings = Sql.Rows(trees[who].Connection,
            $"SELECT {Sql.Quote(outline.Key)} FROM {table} WHERE {Sql.Quote(outline.Parent)} = $p AND {Sql.Quote(outline.Key)} <> $n LIMIT 20",
            ("$p", parent), ("$n", node));
        if (siblings.Count > 0)
        {
            object? position = Sql.Rows(trees[who].Connection, "SELECT cloudsync_tree_pos($t, $p, $s)",
                ("$t", outline.Table), ("$p", parent), ("$s", siblings[random.Next(siblings.Count)][0]))[0][0];
            Write(who, "members sorted", node, parent, position);
        }
    }

    private void Write(int who, string what, object node, object? parent, object? position)
    {
        string set = Sql.Quote(outline.Parent) + " = $parent" + (outline.Position == null ? "" : $", {Sql.Quote(outline.Position)} = $pos");
        string update = $"UPDATE {Sql.Quote(outline.Table)} SET {set} WHERE {Sql.Quote(outline.Key)} = $node";
        (string, object?)[] values = [("$parent", parent), ("$node", node), .. outline.Position == null ? [] : new (string, object?)[] { ("$pos", position) }];
        try
        {
            Sql.Run(trees[who].Connection, update, values);
        }
        catch (SqliteException refused) when (refused.SqliteErrorCode == 19)
        {
            what = "refused at once, because they made a cycle where they were made";
            counts[what] = counts.GetValueOrDefault(what) + 1;
            return;
        }

        Sql.Run(plain[who].Connection, update, values);
        counts[what] = counts.GetValueOrDefault(what) + 1;
    }

    private object?[]? Place(int who, object node) => Sql.Rows(trees[who].Connection,
        $"SELECT {Sql.Quote(outline.Parent)} FROM {Sql.Quote(outline.Table)} WHERE {Sql.Quote(outline.Key)} = $n", ("$n", node)).FirstOrDefault();

    /// <summary>What is around System.IO is moved by hand only, so that the way it is shown can be followed.</summary>
    private static bool IsMoved(object node, char kind) => node is string id && id[0] == kind && id[1] == ':' && id != "N:System"
        && !id.AsSpan(2).StartsWith("System.IO.", StringComparison.Ordinal) && id != "N:System.IO";

    private object Any(object[] nodes) => nodes[random.Next(nodes.Length)];
}
