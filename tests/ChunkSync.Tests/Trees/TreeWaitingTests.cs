using ChunkSync.Tests.Host;

namespace ChunkSync.Tests.Trees;

/// <summary>Rows that refuse the place that a fold gives them: under the policy <c>wait</c> the sender goes on, the row goes to the root and is listed, and
/// comes to its place when the cause is gone; under <c>stop</c> the fold fails.</summary>
public sealed class TreeWaitingTests
{
    private const string Rows = "SELECT group_concat(id || '<' || ifnull(parent, '') || '@' || ifnull(pos, ''), ' ') FROM (SELECT * FROM items ORDER BY id)";
    private const string Listed = "SELECT group_concat(key || ' ' || columns || ' ' || reason || ' ' || ifnull(text, '') || ' ' || changes, '; ') FROM (SELECT * FROM cloudsync_waiting ORDER BY key)";
    private const string Site = "x'00112233445566778899aabbccddeeff'";

    public static TheoryData<string, string, string, string> Causes => new()
    {
        { "constraint", "CHECK constraint failed: parent", "CHECK(parent <> 'b' OR title = 'ok')", "" },
        { "trigger", "no", "CHECK(1)", "CREATE TRIGGER no BEFORE UPDATE OF parent ON items WHEN NEW.parent = 'b' AND NEW.title <> 'ok' BEGIN SELECT RAISE(ABORT, 'no'); END" },
        { "trigger", "no", "CHECK(1)", "CREATE TABLE l(x); CREATE TRIGGER no AFTER UPDATE OF parent ON items WHEN NEW.parent = 'b' AND NEW.title <> 'ok' BEGIN INSERT INTO l VALUES (1); SELECT RAISE(FAIL, 'no'); END" },
        { "trigger", "items: a trigger kept the row with key 'c' in its place", "CHECK(1)", "CREATE TRIGGER no BEFORE UPDATE OF parent ON items WHEN NEW.parent = 'b' AND NEW.title <> 'ok' BEGIN SELECT RAISE(IGNORE); END" },
        { "trigger", "a trigger rolls the transaction back", "CHECK(1)", "CREATE TRIGGER no BEFORE UPDATE OF parent ON items WHEN NEW.parent = 'b' AND NEW.title <> 'ok' BEGIN SELECT RAISE(ROLLBACK, 'no'); END" },
        { "expression", "malformed JSON", "CHECK(CASE WHEN parent = 'b' AND title <> 'ok' THEN json_extract('{', '$') IS NULL ELSE 1 END)", "" },
    };

    [Theory]
    [MemberData(nameof(Causes))]
    public void Row_goes_to_the_root_and_comes_to_its_place_later_when_it_is_refused(string reason, string text, string check, string schema)
    {
        foreach (string call in (string[])["apply", "receive"])
        {
            using Database database = Tree(check, call == "apply" ? "wait" : null);
            database.Exec(schema);
            using Database sender = Tree("CHECK(1)", null);
            Send(sender, database, call);
            sender.Exec("UPDATE items SET parent = 'b' WHERE id = 'c'; INSERT INTO items VALUES ('z', 'b', 'n0', 'ok'); UPDATE items SET title = 'new' WHERE id = 'a'");
            Send(sender, database, call);
            bool staysThere = text == "a trigger rolls the transaction back";
            Assert.Equal($"a<@n0 b<a@n0 c<{(staysThere ? "a" : "")}@n1 z<b@n0", database.Scalar(Rows));
            Assert.StartsWith($"'c' parent,pos {reason} {text}", (string)database.Scalar(Listed)!, StringComparison.Ordinal);
            Assert.Equal(1L, database.Scalar("SELECT waiting FROM cloudsync_status"));
            Assert.Equal("D25", database.Scalar("SELECT id FROM cloudsync_check WHERE tbl = 'items' AND id = 'D25'"));
            Assert.Equal("new", database.Scalar("SELECT title FROM items WHERE id = 'a'"));
            TreeModel.Sound(database);
            Assert.Equal(0L, database.Scalar("SELECT pending FROM cloudsync_tree_status"));

            // More comes meanwhile: nobody is stopped, the row stays listed.
            sender.Exec("UPDATE items SET pos = 'n7' WHERE id = 'z'");
            Send(sender, database, call);
            Assert.Equal("n7", database.Scalar("SELECT pos FROM items WHERE id = 'z'"));
            Assert.Equal(1L, database.Scalar("SELECT count(*) FROM cloudsync_waiting"));
            TreeModel.Sound(database);

            // REPLACE of another column is no move of a row that shows the root.
            object? operations = database.Scalar("SELECT count(*) FROM items_treeops");
            if (!staysThere)
            {
                database.Exec("INSERT OR REPLACE INTO items SELECT id, parent, pos, 'x' FROM items WHERE id = 'c'");
                Assert.Equal(operations, database.Scalar("SELECT count(*) FROM items_treeops"));
            }

            database.Exec("UPDATE items SET title = 'ok' WHERE id = 'c'");
            Assert.Equal(1L, database.Scalar("SELECT cloudsync_waiting_retry()"));
            Assert.Equal("a<@n0 b<a@n0 c<b@n1 z<b@n7", database.Scalar(Rows));
            Assert.Null(database.Scalar(Listed));
            Assert.Equal(0L, database.Scalar("SELECT waiting FROM cloudsync_status"));
            TreeModel.Sound(database);
            TreeModel.Equal(database);
        }
    }

    [Theory]
    [MemberData(nameof(Causes))]
    public void Fold_fails_when_a_row_is_refused_and_the_policy_is_stop(string reason, string text, string check, string schema)
    {
        using Database database = Tree(check, "stop");
        database.Exec(schema);
        string before = (string)database.Scalar(Rows)!;
        Operate(database, 50, "c", "b");
        SqlException failure = Assert.Throws<SqlException>(() => database.Scalar("SELECT cloudsync_tree_ensure()"));
        Assert.StartsWith(text.StartsWith("a trigger rolls", StringComparison.Ordinal) ? "no" : text, failure.Text, StringComparison.Ordinal);
        Assert.NotEmpty(reason);
        Assert.Equal(before, database.Scalar(Rows));
        Assert.Equal(1L, database.Scalar("SELECT pending FROM cloudsync_tree_status"));
        Assert.Null(database.Scalar(Listed));
        Assert.False(database.InTransaction);
        TreeModel.Sound(database);
        database.Exec("UPDATE items SET title = 'ok' WHERE id = 'c'; SELECT cloudsync_tree_ensure()");
        TreeModel.Sound(database);
        Assert.Equal("b", database.Scalar("SELECT parent FROM items WHERE id = 'c'"));
    }

    [Fact]
    public void Row_in_the_way_is_named_when_a_name_is_taken_and_a_move_of_either_ends_it()
    {
        foreach (bool movesHolder in (bool[])[false, true])
        {
            using Database database = Tree("UNIQUE(parent, title)", "wait");
            database.Exec("INSERT INTO items VALUES ('d', 'b', 'n0', 'tc')");
            Operate(database, 50, "c", "b");
            database.Scalar("SELECT cloudsync_tree_ensure()");
            Assert.Equal("'c' parent,pos constraint UNIQUE constraint failed: items.parent, items.title 0", database.Scalar(Listed));
            Assert.Equal("a<@n0 b<a@n0 c<@ d<b@n0", database.Scalar(Rows));
            Assert.Equal("items|d", string.Join("|", Assert.Single(database.Query("SELECT needs_tbl, cloudsync_pk_decode(needs_pk, 1) FROM cloudsync_waiting"))));
            if (movesHolder)
            {
                database.Exec("UPDATE items SET title = 'other' WHERE id = 'd'");
                database.Scalar("SELECT cloudsync_tree_ensure('items')");
                Assert.Equal("b", database.Scalar("SELECT parent FROM items WHERE id = 'c'"));
            }
            else
            {
                database.Exec("UPDATE items SET parent = 'a', pos = 'n5' WHERE id = 'c'");
                database.Scalar("SELECT cloudsync_tree_ensure('items')");
            }

            Assert.Null(database.Scalar(Listed));
            TreeModel.Sound(database);
            TreeModel.Equal(database);
        }
    }

    [Fact]
    public void Rows_that_exchange_names_are_arranged_under_both_policies()
    {
        foreach (string policy in (string[])["stop", "wait"])
        {
            // Unique also among the children of no row: a row that goes to the root for a moment can collide there.
            using Database database = Tree("CHECK(1)", policy);
            database.Exec("UPDATE items SET parent = 'b' WHERE id = 'c'; UPDATE items SET title = 'same'; CREATE UNIQUE INDEX names ON items(coalesce(parent, ''), title); INSERT INTO items VALUES ('d', 'c', 'n0', 'same')");
            Operate(database, 50, "c", "c");
            Operate(database, 51, "b", "c");
            Operate(database, 52, "d", "b");
            Operate(database, 53, "a", "d");
            string expected = "a<d@ b<c@ c<@ d<b@";
            database.Scalar("SELECT cloudsync_tree_ensure()");
            Assert.Equal(expected, database.Scalar(Rows));
            Assert.Null(database.Scalar(Listed));
            Assert.Equal(0L, database.Scalar("SELECT count(*) FROM items_tree_dirty"));
            TreeModel.Sound(database);

            // In a circle one lets go first.
            database.Exec("INSERT INTO items VALUES ('p', NULL, 'n0', 'p'), ('q', NULL, 'n0', 'q'), ('x', 'p', 'n0', 's'), ('y', 'q', 'n0', 's')");
            Operate(database, 60, "x", "q");
            Operate(database, 60, "y", "p");
            database.Scalar("SELECT cloudsync_tree_ensure()");
            Assert.Equal(expected + " p<@n0 q<@n0 x<q@ y<p@", database.Scalar(Rows));
            Assert.Null(database.Scalar(Listed));
            Assert.Equal(0L, database.Scalar("SELECT count(*) FROM items_tree_dirty"));
            TreeModel.Sound(database);
        }
    }

    [Fact]
    public void Rows_make_no_circle_when_one_cannot_leave_its_place()
    {
        using Database database = Tree("CHECK(1)", "wait");
        database.Exec("CREATE TRIGGER no BEFORE UPDATE OF parent ON items WHEN OLD.id = 'c' AND NEW.title <> 'ok' BEGIN SELECT RAISE(ABORT, 'no'); END");

        // c leaves a, and a goes below c; the row of c stays below a.
        Operate(database, 50, "c", "c");
        Operate(database, 51, "a", "c");
        database.Scalar("SELECT cloudsync_tree_ensure()");
        Assert.Equal("a<@ b<a@n0 c<a@n1", database.Scalar(Rows));
        Assert.Equal("'a' parent,pos constraint items: the place of 'a' lies below a row that cannot leave its own 0; 'c' parent,pos trigger no 0", database.Scalar(Listed));
        TreeModel.Sound(database);

        // Nor does a move of the user's.
        database.Exec("INSERT INTO items VALUES ('d', 'a', 'n0', 'td')");
        SqlException failure = Assert.Throws<SqlException>(() => database.Exec("UPDATE items SET parent = 'c', pos = 'n3' WHERE id = 'a'"));
        Assert.Equal("items: 'a' cannot move under 'c', which lies below it", failure.Text);
        database.Exec("UPDATE items SET title = 'ok' WHERE id = 'c'");
        Assert.Equal(2L, database.Scalar("SELECT cloudsync_waiting_retry()"));
        Assert.Equal("a<c@ b<a@n0 c<@ d<a@n0", database.Scalar(Rows));
        TreeModel.Sound(database);
    }

    [Fact]
    public void Operation_waits_when_the_log_refuses_its_row_and_is_folded_in_when_it_lands()
    {
        using Database database = Tree("CHECK(1)", "wait");
        database.Exec("CREATE TRIGGER no BEFORE INSERT ON items_treeops WHEN NEW.node = 'c' BEGIN SELECT RAISE(ABORT, 'not c'); END");
        using Database sender = Tree("CHECK(1)", null);
        sender.Exec("UPDATE items SET parent = 'b' WHERE id = 'c'; UPDATE items SET pos = 'n9' WHERE id = 'b'");
        Send(sender, database, "apply");
        Assert.Equal("a<@n0 b<a@n9 c<a@n1", database.Scalar(Rows));
        Assert.Equal(0L, database.Scalar("SELECT pending FROM cloudsync_tree_status"));
        Assert.Equal(2L, database.Scalar("SELECT count(*) FROM cloudsync_waiting WHERE tbl = 'items_treeops' AND reason = 'trigger'"));
        TreeModel.Sound(database);
        database.Exec("DROP TRIGGER no");
        Assert.Equal(2L, database.Scalar("SELECT cloudsync_waiting_retry()"));
        Assert.Equal("a<@n0 b<a@n9 c<b@n1", database.Scalar(Rows));
        TreeModel.Sound(database);
        TreeModel.Equal(database);
    }

    [Fact]
    public void Declared_conflict_clauses_play_no_part_when_a_fold_writes_rows()
    {
        foreach (string clause in (string[])["IGNORE", "REPLACE", "FAIL", "ROLLBACK"])
        {
            using Database database = Tree($"UNIQUE(parent, title) ON CONFLICT {clause}", "wait");
            database.Exec("INSERT INTO items VALUES ('d', 'b', 'n0', 'tc')");
            Operate(database, 50, "c", "b");
            database.Scalar("SELECT cloudsync_tree_ensure()");
            Assert.Equal("a<@n0 b<a@n0 c<@ d<b@n0", database.Scalar(Rows));
            TreeModel.Sound(database);
        }
    }

    private static Database Tree(string constraint, string? policy)
    {
        Database database = Database.Open();
        database.Exec($"CREATE TABLE items(id TEXT PRIMARY KEY NOT NULL, parent TEXT, pos, title TEXT DEFAULT '', {constraint})");
        database.Exec("SELECT cloudsync_init('items'); SELECT cloudsync_tree_init('items', 'parent', 'pos')");
        if (policy != null)
        {
            database.Scalar("SELECT cloudsync_set('apply_refused', ?)", policy);
        }

        database.Exec("INSERT INTO items VALUES ('a', NULL, 'n0', 'ta'), ('b', 'a', 'n0', 'tb'), ('c', 'a', 'n1', 'tc')");
        return database;
    }

    /// <summary>An operation of another site, pending.</summary>
    private static void Operate(Database database, long lamport, string node, string parent) => database.Exec(
        $"INSERT INTO cloudsync_changes VALUES ('items_treeops', cloudsync_pk_encode({lamport}, {Site}, '{node}', '{parent}', x''), '__[RIP]__', NULL, 1, 5, {Site}, 1, 0)");

    private static void Send(Database from, Database to, string call)
    {
        foreach (ChunkRow chunk in ChunkRow.Read(from, [("since_db_version", 0L)]))
        {
            if (call == "apply")
            {
                to.Scalar("SELECT cloudsync_payload_apply(?)", chunk.Payload);
            }
            else
            {
                to.Query("SELECT cloudsync_payload_receive(?, ?, 0, 0, 0, ?, 0, 0, 1)", chunk.Payload, from.Scalar("SELECT cloudsync_siteid()"), chunk.NextDbVersion);
            }
        }
    }
}
