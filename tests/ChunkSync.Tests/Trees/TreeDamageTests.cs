using ChunkSync.Tests.Consistency;
using ChunkSync.Tests.Host;

namespace ChunkSync.Tests.Trees;

/// <summary>Tables of a tree that somebody drops or empties by hand: a clear error, a finding with a cure that works, and no other tree behind it.</summary>
public sealed class TreeDamageTests
{
    private const string Rows = "SELECT group_concat(id || '<' || ifnull(parent_id, '') || '@' || ifnull(pos, ''), ' ') FROM (SELECT * FROM items ORDER BY id)";
    private const string Before = "a<@n0 b<a@n0 c<b@n1";

    public static TheoryData<string, string> Damages => new()
    {
        { "DROP TABLE items_tree_node", "items_tree_node is gone" },
        { "DROP TABLE items_tree_log", "items_tree_log is gone" },
        { "DROP TABLE items_tree_pending", "items_tree_pending is gone" },
        { "DROP TABLE items_tree_dirty", "items_tree_dirty is gone" },
        { "DROP TABLE items_treeops", "items_treeops is gone" },
        { "DELETE FROM items_tree_log", "its log is empty" },
        { "DELETE FROM items_tree_node", "operations move nodes that items_tree_node does not have" },
    };

    [Theory]
    [MemberData(nameof(Damages))]
    public void Tree_is_as_before_when_it_is_done_again_after_its_tables_were_damaged(string damage, string text)
    {
        using Database database = Damaged(damage);
        string cure = (string)database.Scalar("SELECT cure FROM cloudsync_check WHERE text = 'the tree is damaged: ' || ?", text)!;
        Assert.NotNull(cure);
        Assert.All(database.Query("SELECT cure FROM cloudsync_check WHERE cure IS NOT NULL"), row => Assert.Equal(cure, row[0]));
        Assert.Equal(0L, database.Scalar("SELECT count(*) FROM cloudsync_check WHERE text LIKE '%cannot be looked for%'"));
        Assert.Equal(0L, database.Scalar("SELECT waiting FROM cloudsync_status"));
        if (damage.StartsWith("DROP", StringComparison.Ordinal))
        {
            foreach (string sql in (string[])["SELECT cloudsync_tree_verify('items')", "SELECT * FROM cloudsync_tree_status", "SELECT cloudsync_tree_ensure('items')",
                "SELECT cloudsync_tree_compact('items', 1)", "SELECT * FROM cloudsync_tree_log('items')", "SELECT * FROM cloudsync_tree_lost('items')"])
            {
                Assert.Contains($"the tree of table items is damaged: {text}; SELECT cloudsync_tree_ensure('items', 'rebuild') makes it anew",
                    Assert.Throws<SqlException>(() => database.Query(sql)).Text, StringComparison.Ordinal);
            }
        }

        database.Query(cure);
        Check(database);
    }

    [Theory]
    [MemberData(nameof(Damages))]
    public void Tree_is_as_before_or_said_to_be_damaged_when_it_is_initialised_again(string damage, string text)
    {
        using Database database = Damaged(damage);
        if (damage == "DELETE FROM items_tree_node")
        {
            Assert.Contains("is damaged", Assert.Throws<SqlException>(() => database.Query("SELECT cloudsync_tree_verify('items')")).Text, StringComparison.Ordinal);
            database.Query("SELECT cloudsync_tree_ensure('items', 'rebuild')");
        }

        Assert.NotEmpty(text);
        Assert.Equal(0L, database.Scalar("SELECT cloudsync_tree_init('items', 'parent_id', 'pos')"));
        Check(database);
    }

    [Theory]
    [MemberData(nameof(Damages))]
    public void Table_is_no_tree_any_more_when_a_damaged_one_is_cleaned_up(string damage, string text)
    {
        foreach (string call in (string[])["SELECT cloudsync_tree_cleanup('items')", "SELECT cloudsync_cleanup('items')"])
        {
            Assert.NotEmpty(text);
            using Database database = Damaged(damage);
            database.Query(call);
            Assert.Equal(0L, database.Scalar("SELECT count(*) FROM sqlite_master WHERE name LIKE 'items\\_tree%' ESCAPE '\\'"));
            Assert.Equal(Before, database.Scalar(Rows));
            database.Exec("UPDATE items SET parent_id = NULL WHERE id = 'c'");
        }
    }

    [Theory]
    [InlineData("DROP TABLE items_treeops; DROP TABLE items_tree_log")]
    [InlineData("DROP TABLE items_treeops; DROP TABLE items_tree_node")]
    public void Rows_stay_where_they_are_when_the_operations_are_gone(string damage)
    {
        using Database database = Damaged(damage);
        Assert.Contains("the operations of tree table items are gone, with items_treeops; SELECT cloudsync_tree_cleanup('items') and another cloudsync_tree_init make new ones of its rows",
            Assert.Throws<SqlException>(() => database.Query("SELECT cloudsync_tree_ensure('items', 'rebuild')")).Text, StringComparison.Ordinal);
        database.Query("SELECT cloudsync_tree_cleanup('items')");
        Assert.Equal(3L, database.Scalar("SELECT cloudsync_tree_init('items', 'parent_id', 'pos')"));
        Check(database);
    }

    [Fact]
    public void Next_fold_does_everything_again_when_the_log_was_emptied()
    {
        using Database database = Damaged("DELETE FROM items_tree_log");
        Assert.Contains("the tree of table items is damaged: its log is empty", Assert.Throws<SqlException>(() => database.Exec("UPDATE items SET parent_id = NULL WHERE id = 'c'")).Text,
            StringComparison.Ordinal);
        database.Exec("INSERT INTO cloudsync_changes VALUES ('items_treeops', cloudsync_pk_encode(2, x'00112233445566778899aabbccddeeff', 'b', 'c', 'n9'), '__[RIP]__', NULL, 1, 5,"
            + " x'00112233445566778899aabbccddeeff', 1, 0)");
        Assert.Contains("\"folded\":5", (string)database.Scalar("SELECT cloudsync_tree_ensure('items')")!, StringComparison.Ordinal);
        Assert.Equal("ok", database.Scalar("SELECT cloudsync_tree_verify('items')"));
    }

    private static Database Damaged(string damage)
    {
        Database database = Database.Open();
        database.Deviates(Deviation.Rebuilt, "tables of the tree are damaged by hand");
        database.Exec("CREATE TABLE items(id TEXT PRIMARY KEY NOT NULL, parent_id TEXT, pos TEXT, title TEXT DEFAULT ''); SELECT cloudsync_init('items');"
            + " SELECT cloudsync_tree_init('items', 'parent_id', 'pos');"
            + " INSERT INTO items(id, parent_id, pos) VALUES ('a', NULL, 'n0'), ('b', 'a', 'n0'), ('c', 'a', 'n1'); UPDATE items SET parent_id = 'b' WHERE id = 'c'");
        database.Exec(damage);
        return database;
    }

    private static void Check(Database database)
    {
        Assert.Equal("ok", database.Scalar("SELECT cloudsync_tree_verify('items')"));
        Assert.Equal(Before, database.Scalar(Rows));
        Assert.Equal(0L, database.Scalar("SELECT count(*) FROM cloudsync_check(NULL, 1)"));
        using Database other = Database.Open();
        other.Exec("CREATE TABLE items(id TEXT PRIMARY KEY NOT NULL, parent_id TEXT, pos TEXT, title TEXT DEFAULT ''); SELECT cloudsync_init('items');"
            + " SELECT cloudsync_tree_init('items', 'parent_id', 'pos')");
        new OneWay(database, other).Send();
        Assert.Equal(Before, other.Scalar(Rows));
        database.Exec("UPDATE items SET parent_id = 'a' WHERE id = 'c'");
        new OneWay(database, other).Send();
        Assert.Equal("a<@n0 b<a@n0 c<a@n1", other.Scalar(Rows));
    }
}
