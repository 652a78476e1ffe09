using ChunkSync.Tests.Host;

namespace ChunkSync.Tests.Trees;

/// <summary>A table that is a tree, in one database and between two.</summary>
public sealed class TreeTableTests
{
    private const string Items = "CREATE TABLE items(id TEXT PRIMARY KEY NOT NULL, parent_id TEXT, pos TEXT, title TEXT DEFAULT '')";

    [Fact]
    public void Moves_are_operations_when_rows_are_written_with_ordinary_SQL()
    {
        using Database database = Tree();
        database.Exec("INSERT INTO items VALUES ('inbox', NULL, cloudsync_tree_pos('items', NULL), 'Inbox'), ('a', 'inbox', 'n0', 'Call')");
        database.Exec("UPDATE items SET parent_id = NULL, pos = cloudsync_tree_pos('items', NULL, 'inbox') WHERE id = 'a'");
        Assert.Equal("1|inbox|inbox|n0|1|counted 2|a|inbox|n0|1|counted 3|a|a|n1|1|counted", Text(database,
            "SELECT group_concat(lamport || '|' || node || '|' || parent || '|' || pos || '|' || effective || '|' || state, ' ') FROM cloudsync_tree_log('items')"));
        Assert.Equal("ok", database.Scalar("SELECT cloudsync_tree_verify('items')"));
        Assert.Equal("inbox:1 a:1", Text(database, "SELECT group_concat(key || ':' || depth, ' ') FROM cloudsync_tree_descendants('items', NULL)"));
        Assert.Equal(0L, database.Scalar("SELECT count(*) FROM items_cloudsync WHERE col_name IN ('parent_id', 'pos')"));
    }

    [Fact]
    public void Move_below_itself_is_refused_and_changes_nothing()
    {
        using Database database = Tree();
        database.Exec("INSERT INTO items(id, parent_id) VALUES ('a', NULL), ('b', 'a'), ('c', 'b')");
        SqlException failure = Assert.Throws<SqlException>(() => database.Exec("UPDATE items SET parent_id = 'c' WHERE id = 'a'"));
        Assert.Equal("items: 'a' cannot move under 'c', which lies below it (code 19)", failure.Message);
        Assert.Equal(19, failure.Code & 0xFF);
        failure = Assert.Throws<SqlException>(() => database.Exec("UPDATE items SET parent_id = 'a' WHERE id = 'a'"));
        Assert.Equal("items: a row cannot be its own parent (code 19)", failure.Message);
        Assert.Equal("ok", database.Scalar("SELECT cloudsync_tree_verify('items')"));
        Assert.Equal(3L, database.Scalar("SELECT count(*) FROM items_treeops"));
    }

    [Fact]
    public void Concurrent_moves_make_no_cycle_when_they_are_exchanged()
    {
        using Database left = Tree();
        using Database right = Tree();
        left.Exec("INSERT INTO items(id) VALUES ('a'), ('b')");
        OneWay there = new(left, right);
        OneWay back = new(right, left);
        OneWay.Settle(there, back);
        left.Exec("UPDATE items SET parent_id = 'b' WHERE id = 'a'");
        right.Exec("UPDATE items SET parent_id = 'a' WHERE id = 'b'");
        OneWay.Settle(there, back);
        const string Rows = "SELECT group_concat(id || ' in ' || ifnull(parent_id, 'root'), ', ') FROM (SELECT * FROM items ORDER BY id)";
        Assert.Equal(Text(left, Rows), Text(right, Rows));
        Assert.Contains("in root", Text(left, Rows), StringComparison.Ordinal);
        Assert.Equal("ok", left.Scalar("SELECT cloudsync_tree_verify('items')"));
        Assert.Equal("ok", right.Scalar("SELECT cloudsync_tree_verify('items')"));
        Assert.Equal(2L, left.Scalar("SELECT count(*) FROM cloudsync_tree_descendants('items', NULL)"));
    }

    [Fact]
    public void Existing_rows_become_equal_operations_when_two_replicas_switch()
    {
        using Database left = Database.Open();
        using Database right = Database.Open();
        foreach (Database database in (Database[])[left, right])
        {
            database.Exec(Items);
            database.Scalar("SELECT cloudsync_init('items')");
        }

        left.Exec("INSERT INTO items(id, parent_id, pos) VALUES ('a', NULL, 'n0'), ('b', 'a', 'n0'), ('c', 'b', NULL), ('d', NULL, NULL)");
        OneWay there = new(left, right);
        OneWay back = new(right, left);
        OneWay.Settle(there, back);
        Assert.Equal(3L, left.Scalar("SELECT cloudsync_tree_init('items', 'parent_id', 'pos')"));
        Assert.Equal(3L, right.Scalar("SELECT cloudsync_tree_init('items', 'parent_id', 'pos')"));
        const string Operations = "SELECT group_concat(hex(cloudsync_pk_encode(lamport, site, node, parent, pos))) FROM items_treeops";
        Assert.Equal(Text(left, Operations), Text(right, Operations));
        OneWay.Settle(there, back);
        Assert.Equal("ok", left.Scalar("SELECT cloudsync_tree_verify('items')"));
        Assert.Equal(0L, left.Scalar("SELECT cloudsync_tree_init('items', 'parent_id', 'pos')"));
        Assert.Equal(1L, left.Scalar("SELECT cloudsync_tree_cleanup('items')"));
        Assert.Equal("a b c d", Text(left, "SELECT group_concat(id, ' ') FROM (SELECT id FROM items ORDER BY id)"));
        left.Exec("UPDATE items SET parent_id = 'c' WHERE id = 'a'");
    }

    private static Database Tree()
    {
        Database database = Database.Open();
        database.Exec(Items);
        database.Scalar("SELECT cloudsync_init('items')");
        database.Scalar("SELECT cloudsync_tree_init('items', 'parent_id', 'pos')");
        return database;
    }

    private static string Text(Database database, string sql) => (string)database.Scalar(sql)!;
}
