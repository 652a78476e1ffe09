using ChunkSync.Tests.Host;

namespace ChunkSync.Tests.Trees;

/// <summary>What else is done to a table that is a tree: alterations, rebuilds, the end of its tracking, failures of a fold, what is refused.</summary>
public sealed class TreeMaintenanceTests
{
    private const string Items = "CREATE TABLE items(id TEXT PRIMARY KEY NOT NULL, parent_id TEXT, pos TEXT, title TEXT DEFAULT '')";
    private const string Rows = "SELECT group_concat(id || '<' || ifnull(parent_id, '') || '@' || ifnull(pos, ''), ' ') FROM (SELECT * FROM items ORDER BY id)";

    [Fact]
    public void Tree_goes_on_when_its_columns_are_renamed_between_begin_and_commit()
    {
        using Database database = Tree();
        database.Exec("SELECT cloudsync_begin_alter('items'); ALTER TABLE items RENAME COLUMN parent_id TO up");
        Assert.Contains("column parent_id of table items says where the rows of a tree are, and is gone", Refusal(database, "SELECT cloudsync_commit_alter('items')"), StringComparison.Ordinal);
        database.Exec("SELECT cloudsync_tree_init('items', 'up', 'pos'); SELECT cloudsync_commit_alter('items')");
        database.Exec("UPDATE items SET up = 'b' WHERE id = 'c'");
        Assert.Equal("ok", database.Scalar("SELECT cloudsync_tree_verify('items')"));
        Assert.Equal(4L, database.Scalar("SELECT count(*) FROM items_treeops"));
        Assert.Equal("b", database.Scalar("SELECT p.key FROM items_tree_node AS n JOIN items_tree_node AS p ON p.nid = n.parent WHERE n.key = 'c'"));
    }

    [Fact]
    public void Columns_are_added_and_moves_are_kept_when_a_tree_is_altered()
    {
        using Database database = Tree();
        database.Exec("SELECT cloudsync_begin_alter('items'); ALTER TABLE items ADD COLUMN note DEFAULT 'x'; UPDATE items SET parent_id = 'b' WHERE id = 'c';"
            + " SELECT cloudsync_commit_alter('items')");

        // A move between begin and commit has no trigger: the fold puts it back.
        database.Scalar("SELECT cloudsync_tree_ensure('items')");
        Assert.Equal("a<@n0 b<a@n0 c<a@n1", database.Scalar(Rows));
        Assert.Equal("ok", database.Scalar("SELECT cloudsync_tree_verify('items')"));
    }

    [Fact]
    public void Triggers_come_back_when_a_table_was_rebuilt_without_begin()
    {
        using Database database = Tree();
        database.Deviates(Consistency.Deviation.Rebuilt, "the table is rebuilt");
        database.Exec(Items.Replace("items(", "fresh(", StringComparison.Ordinal) + "; INSERT INTO fresh SELECT * FROM items; DROP TABLE items; ALTER TABLE fresh RENAME TO items;"
            + " UPDATE items SET parent_id = NULL WHERE id = 'c'");
        using Database other = Tree();
        byte[] payload = Assert.Single(ChunkRow.Read(other, [("since_db_version", 0L)])).Payload;
        database.Scalar("SELECT cloudsync_payload_apply(?)", payload);
        Assert.Equal("a<@n0 b<a@n0 c<a@n1", database.Scalar(Rows));
        database.Exec("UPDATE items SET parent_id = 'b' WHERE id = 'c'");
        Assert.Equal("ok", database.Scalar("SELECT cloudsync_tree_verify('items')"));
        Assert.Equal("a<@n0 b<a@n0 c<b@n1", database.Scalar(Rows));
    }

    [Fact]
    public void Places_of_a_rebuilt_table_are_the_truth_when_it_is_recaptured()
    {
        using Database database = Tree();
        database.Deviates(Consistency.Deviation.Rebuilt, "the table is rebuilt");
        database.Exec(Items.Replace("items(", "fresh(", StringComparison.Ordinal) + "; INSERT INTO fresh SELECT * FROM items; DROP TABLE items; ALTER TABLE fresh RENAME TO items;"
            + " UPDATE items SET parent_id = 'c' WHERE id = 'a'; UPDATE items SET parent_id = NULL WHERE id = 'c'; INSERT INTO items VALUES ('d', 'b', 'n5', '')");
        database.Scalar("SELECT cloudsync_recapture('items')");
        Assert.Equal("a<c@n0 b<a@n0 c<@n1 d<b@n5", database.Scalar(Rows));
        Assert.Equal("ok", database.Scalar("SELECT cloudsync_tree_verify('items')"));
    }

    [Fact]
    public void Table_is_said_to_be_gone_and_everything_goes_on_when_a_tree_was_renamed_and_gets_its_name_back()
    {
        using Database database = Tree();
        database.Deviates(Consistency.Deviation.Rebuilt, "the table has another name");
        database.Exec("ALTER TABLE items RENAME TO things");
        foreach (string sql in (string[])["UPDATE things SET parent_id = NULL WHERE id = 'c'", "SELECT cloudsync_tree_verify('items')", "SELECT * FROM cloudsync_tree_status"])
        {
            Assert.Contains("table items is gone", Refusal(database, sql), StringComparison.Ordinal);
        }

        database.Exec((string)database.Scalar("SELECT cure FROM cloudsync_check WHERE id = 'D05'")!);
        database.Exec("UPDATE items SET parent_id = NULL WHERE id = 'c'");
        Assert.Equal("ok", database.Scalar("SELECT cloudsync_tree_verify('items')"));
    }

    [Fact]
    public void Moves_of_a_disabled_table_are_put_back_and_new_rows_recorded_by_a_repeated_init()
    {
        using Database database = Tree();
        database.Deviates(Consistency.Deviation.Disabled, "rows are written while the table is disabled");
        database.Exec("SELECT cloudsync_disable('items'); UPDATE items SET parent_id = NULL WHERE id = 'c'; INSERT INTO items VALUES ('d', 'c', 'n0', ''); SELECT cloudsync_enable('items')");
        Assert.Equal(1L, database.Scalar("SELECT cloudsync_tree_init('items', 'parent_id', 'pos')"));
        Assert.Equal("a<@n0 b<a@n0 c<a@n1 d<c@n0", database.Scalar(Rows));
        Assert.Contains("items_treeops is the operation log of tree table items", Refusal(database, "SELECT cloudsync_disable('items_treeops')"), StringComparison.Ordinal);
    }

    [Fact]
    public void Failed_fold_leaves_the_tree_as_it_was_and_goes_on_when_the_cause_is_gone()
    {
        using Database database = Tree();
        using Database other = Tree();
        other.Scalar("SELECT cloudsync_payload_apply(?)", Assert.Single(ChunkRow.Read(database, [("since_db_version", 0L)])).Payload);
        other.Exec("UPDATE items SET parent_id = 'b' WHERE id = 'c'; UPDATE items SET title = 'new' WHERE id = 'a'");
        byte[] payload = Assert.Single(ChunkRow.Read(other, [("since_db_version", 0L)])).Payload;
        database.Exec("CREATE TRIGGER keep BEFORE UPDATE OF parent_id ON items WHEN NEW.id = 'c' BEGIN SELECT RAISE(ABORT, 'c stays'); END");
        object? checkpoint = database.Scalar("SELECT value FROM cloudsync_settings WHERE key = 'check_dbversion'");
        SqlException failure = Assert.Throws<SqlException>(() => database.Scalar("SELECT cloudsync_payload_apply(?)", payload));
        Assert.StartsWith("c stays (table items, key 'c'); the tree is as before, ", failure.Text, StringComparison.Ordinal);
        Assert.Equal(19, failure.Code & 0xFF);
        Assert.False(database.InTransaction);
        Assert.Equal("a<@n0 b<a@n0 c<a@n1", database.Scalar(Rows));
        Assert.Equal("new", database.Scalar("SELECT title FROM items WHERE id = 'a'"));
        Assert.Equal(checkpoint, database.Scalar("SELECT value FROM cloudsync_settings WHERE key = 'check_dbversion'"));
        Assert.Equal(failure.Text, database.Scalar("SELECT last_error FROM cloudsync_tree_status"));
        Assert.Equal("ok", database.Scalar("SELECT cloudsync_tree_verify('items')"));
        database.Exec("DROP TRIGGER keep");
        Assert.Contains("\"pending\":0,\"held\":0", (string)database.Scalar("SELECT cloudsync_tree_ensure('items')")!, StringComparison.Ordinal);
        Assert.Equal("a<@n0 b<a@n0 c<b@n1", database.Scalar(Rows));
        Assert.Null(database.Scalar("SELECT last_error FROM cloudsync_tree_status"));
    }

    [Fact]
    public void Ignored_update_of_a_row_is_a_failure_when_a_fold_moves_it()
    {
        using Database database = Tree();
        database.Exec("CREATE TRIGGER keep BEFORE UPDATE OF parent_id ON items WHEN cloudsync_is_sync('items') BEGIN SELECT RAISE(IGNORE); END");
        database.Exec("INSERT INTO cloudsync_changes VALUES ('items_treeops', cloudsync_pk_encode(99, x'00112233445566778899aabbccddeeff', 'c', 'b', 'n9'), '__[RIP]__', NULL, 1, 5, x'00112233445566778899aabbccddeeff', 1, 0)");
        Assert.Equal(1L, database.Scalar("SELECT pending FROM cloudsync_tree_status"));
        Assert.Contains("items: a trigger kept the row with key 'c' in its place (table items, key 'c'); the tree is as before, 1 operations are pending",
            Refusal(database, "SELECT cloudsync_tree_ensure()"), StringComparison.Ordinal);
        Assert.Equal("ok", database.Scalar("SELECT cloudsync_tree_verify('items')"));
    }

    [Fact]
    public void Old_operation_is_found_when_the_log_was_compacted_below_it()
    {
        using Database database = Tree();
        database.Exec("UPDATE items SET pos = 'n7' WHERE id = 'c'; UPDATE items SET parent_id = 'b' WHERE id = 'c'");
        Assert.Contains("lamport must be an integer below 6", Refusal(database, "SELECT cloudsync_tree_compact('items', 6)"), StringComparison.Ordinal);
        Assert.Equal(4L, database.Scalar("SELECT cloudsync_tree_compact('items', 4)"));
        Assert.Equal("ok", database.Scalar("SELECT cloudsync_tree_verify('items')"));
        database.Exec("INSERT INTO cloudsync_changes VALUES ('items_treeops', cloudsync_pk_encode(4, x'ffffffffffffffffffffffffffffffff', 'b', 'c', 'n9'), '__[RIP]__', NULL, 1, 5, x'00112233445566778899aabbccddeeff', 1, 0)");
        Assert.Contains("\"folded\":6", (string)database.Scalar("SELECT cloudsync_tree_ensure('items')")!, StringComparison.Ordinal);
        Assert.Equal("a<@n0 b<c@n9 c<a@n7", database.Scalar(Rows));
        Assert.Equal("ok", database.Scalar("SELECT cloudsync_tree_verify('items')"));
    }

    [Theory]
    [InlineData("CREATE TABLE x(id TEXT PRIMARY KEY NOT NULL, p TEXT)", "SELECT cloudsync_tree_init('x', 'q', NULL)", "cloudsync_tree_init: table x has no column q")]
    [InlineData("CREATE TABLE x(id TEXT PRIMARY KEY NOT NULL, p TEXT)", "SELECT cloudsync_tree_init('y', 'p', NULL)", "cloudsync_tree_init: table 'y' is not configured for sync. Call SELECT cloudsync_init('y') first.")]
    [InlineData("CREATE TABLE x(id TEXT PRIMARY KEY NOT NULL, p TEXT NOT NULL DEFAULT '')", "SELECT cloudsync_tree_init('x', 'p', NULL)", "cloudsync_tree_init: column p cannot be NULL; the root is NULL")]
    [InlineData("CREATE TABLE x(id TEXT PRIMARY KEY NOT NULL, p INTEGER)", "SELECT cloudsync_tree_init('x', 'p', NULL)", "cloudsync_tree_init: columns id and p must have the same type and BINARY collation")]
    [InlineData("CREATE TABLE x(id TEXT PRIMARY KEY NOT NULL, p TEXT COLLATE NOCASE)", "SELECT cloudsync_tree_init('x', 'p', NULL)", "cloudsync_tree_init: columns id and p must have the same type and BINARY collation")]
    [InlineData("CREATE TABLE x(id TEXT NOT NULL, j TEXT NOT NULL, p TEXT, PRIMARY KEY(id, j))", "SELECT cloudsync_tree_init('x', 'p', NULL)", "cloudsync_tree_init: table x has a composite key; it cannot be a tree")]
    [InlineData("CREATE TABLE x(id TEXT PRIMARY KEY NOT NULL, p TEXT REFERENCES x(id) ON DELETE CASCADE)", "SELECT cloudsync_tree_init('x', 'p', NULL)", "cloudsync_tree_init: the foreign key on p deletes or blocks rows (ON DELETE CASCADE); a tree needs NO ACTION or SET NULL")]
    [InlineData("CREATE TABLE x(id TEXT PRIMARY KEY NOT NULL, p TEXT)", "SELECT cloudsync_tree_init('x', 'p', NULL, '{\"o\":1}')", "cloudsync_tree_init: unknown option 'o'")]
    [InlineData("CREATE TABLE x(id TEXT PRIMARY KEY NOT NULL, p TEXT)", "SELECT cloudsync_tree_init('x', 'p', NULL, '[1]')", "cloudsync_tree_init: options must be a JSON object")]
    [InlineData("CREATE TABLE x(id TEXT PRIMARY KEY NOT NULL, p TEXT); INSERT INTO x VALUES ('a', 'b'), ('b', 'a')", "SELECT cloudsync_tree_init('x', 'p', NULL)", "cloudsync_tree_init: table x has rows in a cycle: 'a' under 'b' under 'a'; repair them, or pass '{\"cut_cycles\":true}'")]
    [InlineData("CREATE TABLE x(id TEXT PRIMARY KEY NOT NULL, p TEXT); CREATE TABLE x_treeops(a)", "SELECT cloudsync_tree_init('x', 'p', NULL)", "cloudsync_tree_init: x_treeops exists and is not an operation log")]
    [InlineData("CREATE TABLE x(id TEXT PRIMARY KEY NOT NULL, p TEXT)", "SELECT cloudsync_tree_ensure('x')", "cloudsync_tree_ensure: table 'x' is not a tree table")]
    [InlineData("CREATE TABLE x(id TEXT PRIMARY KEY NOT NULL, p TEXT)", "SELECT cloudsync_tree_between('N0', NULL)", "cloudsync_tree_between: 'N0' is not a position")]
    [InlineData("CREATE TABLE x(id TEXT PRIMARY KEY NOT NULL, p TEXT)", "SELECT cloudsync_tree_between('n1', 'n0')", "cloudsync_tree_between: 'n1' does not come before 'n0'")]
    [InlineData("CREATE TABLE x(id TEXT PRIMARY KEY NOT NULL, p TEXT)", "SELECT cloudsync_tree_between('zzzzzzzzzzzzzz', NULL)", "cloudsync_tree_between: no position left at this end")]
    public void Bad_input_is_named_and_changes_nothing(string schema, string sql, string text)
    {
        using Database database = Database.Open();
        database.Exec(schema);
        database.Scalar("SELECT cloudsync_init('x', 'cls', 2)");
        object? before = Dump(database);
        Assert.Equal(text, Refusal(database, sql));
        Assert.Equal(before, Dump(database));
    }

    [Fact]
    public void Rows_in_a_cycle_are_cut_when_the_option_says_so()
    {
        using Database database = Database.Open();
        database.Exec(Items + "; INSERT INTO items(id, parent_id) VALUES ('a', 'b'), ('b', 'a'), ('s', 's')");
        database.Scalar("SELECT cloudsync_init('items')");
        database.Scalar("SELECT cloudsync_tree_init('items', 'parent_id', 'pos', '{\"cut_cycles\":true}')");
        Assert.Equal(3L, database.Scalar("SELECT count(*) FROM cloudsync_tree_descendants('items', NULL)"));
        Assert.Equal("ok", database.Scalar("SELECT cloudsync_tree_verify('items')"));
    }

    [Fact]
    public void Everything_is_gone_when_the_table_is_cleaned_up()
    {
        using Database database = Tree();
        Assert.Contains("is the operation log of tree table items", Refusal(database, "SELECT cloudsync_cleanup('items_treeops')"), StringComparison.Ordinal);
        Assert.Equal("cloudsync_set_filter: table items is a tree, which cannot have a filter", Refusal(database, "SELECT cloudsync_set_filter('items', 'title > 1')"));
        database.Scalar("SELECT cloudsync_cleanup('items')");
        Assert.Equal("items", database.Scalar("SELECT group_concat(name) FROM sqlite_master WHERE name NOT LIKE 'sqlite%'"));
    }

    [Fact]
    public void Walks_end_with_an_error_when_rows_lead_in_a_circle()
    {
        using Database database = Tree();
        database.Exec("SELECT cloudsync_disable('items'); UPDATE items SET parent_id = 'c' WHERE id = 'a'; SELECT cloudsync_enable('items')");
        Assert.Contains("the rows of tree table items lead in a circle at key ", Refusal(database, "SELECT count(*) FROM cloudsync_tree_path('items', 'c')"), StringComparison.Ordinal);
        Assert.Contains("the rows of tree table items lead in a circle at key ", Refusal(database, "SELECT count(*) FROM cloudsync_tree_descendants('items', 'a')"), StringComparison.Ordinal);
        database.Scalar("SELECT cloudsync_tree_ensure('items')");
        Assert.Equal("a/b c", database.Scalar("SELECT (SELECT group_concat(key, '/') FROM cloudsync_tree_path('items', 'b')) || ' ' || (SELECT key FROM cloudsync_tree_descendants('items', 'a') LIMIT 1 OFFSET 1)"));
    }

    [Theory]
    [InlineData("SELECT cloudsync_payload_apply(?)")]
    [InlineData("SELECT cloudsync_payload_receive(?, ?, 0, 0, 0, ?, 0, 0, 1)")]
    public void Row_is_parked_when_its_parent_is_deleted_elsewhere_and_goes_back_with_it(string call)
    {
        const string Folders = "CREATE TABLE items(id TEXT PRIMARY KEY NOT NULL, parent_id TEXT REFERENCES items(id), pos TEXT, title TEXT DEFAULT '')";
        using Database left = Tree(Folders);
        using Database right = Tree(Folders);
        right.Scalar("SELECT cloudsync_payload_apply(?)", Assert.Single(ChunkRow.Read(left, [("since_db_version", 0L)])).Payload);
        left.Exec("DELETE FROM items WHERE id = 'b'");
        right.Exec("PRAGMA foreign_keys = ON; UPDATE items SET parent_id = 'b' WHERE id = 'c'");
        ChunkRow chunk = Assert.Single(ChunkRow.Read(left, [("since_db_version", 0L)]));
        object?[] parameters = call.Contains("receive", StringComparison.Ordinal)
            ? [chunk.Payload, left.Scalar("SELECT cloudsync_siteid()"), chunk.NextDbVersion] : [chunk.Payload];
        right.Query(call, parameters);
        Assert.Equal(0L, right.Scalar("SELECT waiting FROM cloudsync_status"));
        Assert.Equal("a<@n0 c<@n1", right.Scalar(Rows));
        Assert.Equal("c|b", string.Join("|", Assert.Single(right.Query("SELECT key, parent FROM cloudsync_tree_lost('items')"))));
        Assert.Equal("ok", right.Scalar("SELECT cloudsync_tree_verify('items')"));
        right.Exec("INSERT INTO items(id, parent_id, pos) VALUES ('b', 'a', 'n0')");
        right.Scalar("SELECT cloudsync_tree_ensure()");
        Assert.Equal("a<@n0 b<a@n0 c<b@n1", right.Scalar(Rows));
        Assert.Equal("ok", right.Scalar("SELECT cloudsync_tree_verify('items')"));
    }

    [Fact]
    public void Nothing_is_folded_when_folds_are_deferred()
    {
        using Database database = Tree();
        using Database other = Tree();
        other.Exec("UPDATE items SET parent_id = 'b' WHERE id = 'c'");
        Assert.Contains("tree_catchup must be 'immediate' or 'deferred', not 'later'", Refusal(database, "SELECT cloudsync_set('tree_catchup', 'later')"), StringComparison.Ordinal);
        database.Scalar("SELECT cloudsync_set('tree_catchup', 'deferred')");
        database.Scalar("SELECT cloudsync_payload_apply(?)", Assert.Single(ChunkRow.Read(other, [("since_db_version", 0L)])).Payload);
        Assert.Equal("a<@n0 b<a@n0 c<a@n1", database.Scalar(Rows));
        Assert.Equal(4L, database.Scalar("SELECT pending FROM cloudsync_tree_status"));
        database.Scalar("SELECT cloudsync_tree_ensure()");
        Assert.Equal("a<@n0 b<a@n0 c<b@n1", database.Scalar(Rows));
    }

    [Fact]
    public void Operations_and_rows_that_come_and_go_between_two_folds_are_noted_once()
    {
        using Database database = Tree();
        using Database hub = Database.Open();
        hub.Exec(Items + "; CREATE TABLE items_treeops(lamport INTEGER NOT NULL, site BLOB NOT NULL, node NOT NULL, parent NOT NULL, pos NOT NULL,"
            + " PRIMARY KEY(lamport, site, node, parent, pos)) WITHOUT ROWID; SELECT cloudsync_init('items'); SELECT cloudsync_init('items_treeops')");
        OneWay there = new(hub, database);
        database.Scalar("SELECT cloudsync_set('tree_catchup', 'deferred')");
        foreach (string sql in (string[])
        [
            "INSERT INTO items_treeops VALUES (9, x'00112233445566778899aabbccddeeff', 'c', 'b', 'n5'), (9, x'00112233445566778899aabbccddeeff', 'd', 'b', 'n6')",
            "INSERT INTO items(id, title) VALUES ('d', 'one')",
            "DELETE FROM items_treeops WHERE node = 'c'",
            "INSERT OR REPLACE INTO items(id, title) VALUES ('d', 'two')",
            "INSERT INTO items_treeops VALUES (9, x'00112233445566778899aabbccddeeff', 'c', 'b', 'n5')",
            "DELETE FROM items WHERE id = 'd'", "INSERT INTO items(id, title) VALUES ('d', 'three')",
        ])
        {
            hub.Exec(sql);
            there.Send();
        }

        Assert.Equal(2L, database.Scalar("SELECT pending FROM cloudsync_tree_status"));
        database.Scalar("SELECT cloudsync_tree_ensure()");
        Assert.Equal("a<@n0 b<a@n0 c<b@n5 d<b@n6", database.Scalar(Rows));
        hub.Exec("DELETE FROM items_treeops WHERE node = 'c'");
        there.Send();
        hub.Exec("INSERT INTO items_treeops VALUES (9, x'00112233445566778899aabbccddeeff', 'c', 'b', 'n5'); UPDATE items SET title = 'four'");
        there.Send();
        Assert.Equal(1L, database.Scalar("SELECT pending FROM cloudsync_tree_status"));
        database.Scalar("SELECT cloudsync_tree_ensure()");
        Assert.Equal("a<@n0 b<a@n0 c<b@n5 d<b@n6", database.Scalar(Rows));
        Assert.Equal("ok", database.Scalar("SELECT cloudsync_tree_verify('items')"));
    }

    private static Database Tree(string schema = Items)
    {
        Database database = Database.Open();
        database.Exec(schema);
        database.Scalar("SELECT cloudsync_init('items')");
        database.Scalar("SELECT cloudsync_tree_init('items', 'parent_id', 'pos')");
        database.Exec("INSERT INTO items(id, parent_id, pos) VALUES ('a', NULL, 'n0'), ('b', 'a', 'n0'), ('c', 'a', 'n1')");
        return database;
    }

    private static string Refusal(Database database, string sql) => Assert.Throws<SqlException>(() => database.Exec(sql)).Text;

    private static object? Dump(Database database) =>
        database.Scalar("SELECT group_concat(name || coalesce(sql, ''), char(10)) || (SELECT count(*) FROM cloudsync_table_settings) FROM (SELECT * FROM sqlite_master ORDER BY name)");
}
