using ChunkSync.Tests.Host;

namespace ChunkSync.Tests.Waiting;

/// <summary>Rows that are refused only because of each other are arranged inside the call, under both policies.</summary>
public sealed class SettleTests
{
    private const string Unique = "CREATE TABLE t(id TEXT PRIMARY KEY NOT NULL, a UNIQUE, b); SELECT cloudsync_init('t');";

    [Theory]
    [InlineData("stop")]
    [InlineData("wait")]
    public void Value_that_moves_from_row_to_row_is_no_obstacle(string refused)
    {
        using Database sender = RefusingReplica.Open(Unique);
        using Database receiver = RefusingReplica.Open(Unique, refused);
        sender.Exec("INSERT INTO t VALUES ('1', 'x', 0)");
        RefusingReplica.Apply(receiver, RefusingReplica.Payload(sender));
        sender.Exec("UPDATE t SET a = 'y'; INSERT INTO t VALUES ('2', 'x', 0); UPDATE t SET a = 'z' WHERE id = '1'");
        RefusingReplica.Apply(receiver, RefusingReplica.Payload(sender, 1));
        Assert.Equal(["1|z|0", "2|x|0"], RefusingReplica.Read(receiver, "SELECT * FROM t ORDER BY id"));
    }

    [Theory]
    [InlineData("stop", "a UNIQUE")]
    [InlineData("wait", "a UNIQUE")]
    [InlineData("wait", "a TEXT NOT NULL UNIQUE")]
    [InlineData("stop", "a INTEGER NOT NULL UNIQUE")]
    [InlineData("stop", "a REAL NOT NULL UNIQUE CHECK (a > 0)")]
    [InlineData("wait", "a BLOB NOT NULL UNIQUE ON CONFLICT IGNORE")]
    public void Swapped_and_rotated_values_are_arranged_with_one_placeholder_per_cycle(string refused, string column)
    {
        string schema = $"CREATE TABLE t(id TEXT PRIMARY KEY NOT NULL, {column} DEFAULT 0, b); SELECT cloudsync_init('t');"
            + " CREATE TABLE sums(n); INSERT INTO sums VALUES (0);"
            + " CREATE TRIGGER s1 AFTER INSERT ON t BEGIN UPDATE sums SET n = n + new.a; END;"
            + " CREATE TRIGGER s2 AFTER UPDATE ON t BEGIN UPDATE sums SET n = n - ifnull(old.a, 0) + ifnull(new.a, 0); END;";
        using Database sender = RefusingReplica.Open("CREATE TABLE t(id TEXT PRIMARY KEY NOT NULL, a, b); SELECT cloudsync_init('t');");
        using Database receiver = RefusingReplica.Open(schema + "SELECT cloudsync_set('skip_schema_hash_check', 1)", refused);
        sender.Exec("WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 30) INSERT INTO t SELECT 'k' || i, i, 0 FROM n");
        RefusingReplica.Apply(receiver, RefusingReplica.Payload(sender));
        sender.Exec("UPDATE t SET a = CASE WHEN a <= 20 THEN 1 + ((a - 1) ^ 1) WHEN a = 30 THEN 21 ELSE a + 1 END".Replace("((a - 1) ^ 1)", "(CASE (a - 1) % 2 WHEN 0 THEN a ELSE a - 2 END)"));
        RefusingReplica.Apply(receiver, RefusingReplica.Payload(sender, 1));
        Assert.Equal(RefusingReplica.Read(sender, "SELECT id, CAST(a AS INTEGER) FROM t ORDER BY id"), RefusingReplica.Read(receiver, "SELECT id, CAST(a AS INTEGER) FROM t ORDER BY id"));
        Assert.Equal(30L * 31 / 2, Convert.ToInt64(receiver.Scalar("SELECT n FROM sums")));
        Assert.Empty(RefusingReplica.Waiting(receiver));
        Assert.Equal("ok", receiver.Scalar("PRAGMA integrity_check"));
    }

    [Theory]
    [InlineData("k1k2k5")]
    [InlineData("k1k5k2")]
    [InlineData("k2k1k5")]
    [InlineData("k2k5k1")]
    [InlineData("k5k1k2")]
    [InlineData("k5k2k1")]
    public void Values_that_rotate_through_a_unique_column_and_a_partial_index_are_arranged(string order)
    {
        const string Schema = "CREATE TABLE t(id TEXT PRIMARY KEY NOT NULL, a UNIQUE NOT NULL, b NOT NULL); CREATE UNIQUE INDEX i ON t(b % 5) WHERE a > 3;"
            + " SELECT cloudsync_init('t', 'cls', 2);";
        using Database sender = RefusingReplica.Open(Schema);
        using Database receiver = RefusingReplica.Open(Schema);
        sender.Exec("INSERT INTO t VALUES ('k5', 3, 9), ('k1', 1, 9), ('k2', 7, 4)");
        RefusingReplica.Apply(receiver, RefusingReplica.Payload(sender));
        sender.Exec("UPDATE t SET a = -a");
        foreach (string id in order.Chunk(2).Select(part => new string(part)))
        {
            sender.Exec($"UPDATE t SET a = CASE id WHEN 'k5' THEN 5 WHEN 'k1' THEN 3 ELSE 1 END WHERE id = '{id}'");
        }

        RefusingReplica.Apply(receiver, RefusingReplica.Payload(sender, 1));
        Assert.Empty(RefusingReplica.Waiting(receiver));
        Assert.Equal(["k1|3|9", "k2|1|4", "k5|5|9"], RefusingReplica.Read(receiver, "SELECT * FROM t ORDER BY id"));
    }

    /// <summary>A row that leaves the index for one that comes in: no placeholder of the column may be in the index.</summary>
    [Theory]
    [InlineData("a UNIQUE NOT NULL", "a < 3", "1", "7")]
    [InlineData("a UNIQUE NOT NULL", "a > 3", "1", "7")]
    [InlineData("a UNIQUE", "a < 3", "1", "7")]
    [InlineData("a UNIQUE", "a IS NULL OR a < 3", "1", "7")]
    [InlineData("a UNIQUE", "a IS NULL OR a > 3", "1", "7")]
    [InlineData("a INTEGER UNIQUE NOT NULL", "a < 3", "1", "7")]
    [InlineData("a REAL UNIQUE NOT NULL", "a < 3", "1.5", "7.5")]
    [InlineData("a TEXT UNIQUE NOT NULL", "a < 'm'", "'c'", "'x'")]
    [InlineData("a BLOB UNIQUE NOT NULL", "a < x'80'", "x'41'", "x'91'")]
    public void Values_that_are_swapped_across_the_bound_of_a_partial_index_are_arranged(string column, string where, string low, string high)
    {
        string schema = $"CREATE TABLE t(id TEXT PRIMARY KEY NOT NULL, {column}, b NOT NULL); CREATE UNIQUE INDEX i ON t(b % 5) WHERE {where};"
            + " SELECT cloudsync_init('t', 'cls', 2);";
        foreach ((string first, string second) in ((string, string)[])[(low, high), (high, low)])
        {
            using Database sender = RefusingReplica.Open("CREATE TABLE t(id TEXT PRIMARY KEY NOT NULL, a, b); SELECT cloudsync_init('t');");
            using Database receiver = RefusingReplica.Open(schema + "SELECT cloudsync_set('schema_check', 'names');");
            sender.Exec($"INSERT INTO t VALUES ('k1', {first}, 9), ('k2', {second}, 4)");
            RefusingReplica.Apply(receiver, RefusingReplica.Payload(sender));
            sender.Exec($"UPDATE t SET a = CASE id WHEN 'k1' THEN {second} ELSE {first} END");
            RefusingReplica.Apply(receiver, RefusingReplica.Payload(sender, 1));
            Assert.Empty(RefusingReplica.Waiting(receiver));
            Assert.Equal(RefusingReplica.Read(sender, "SELECT * FROM t ORDER BY id"), RefusingReplica.Read(receiver, "SELECT * FROM t ORDER BY id"));
            Assert.Equal("ok", receiver.Scalar("PRAGMA integrity_check"));
        }
    }

    [Theory]
    [InlineData(" WITHOUT ROWID", "k5")]
    [InlineData("", "k5")]
    [InlineData("", "k2")]
    public void Row_takes_the_value_of_one_whose_new_life_refers_to_it(string kind, string taker)
    {
        string schema = $"CREATE TABLE t(id TEXT PRIMARY KEY NOT NULL, a UNIQUE NOT NULL, b NOT NULL, p REFERENCES t(id)){kind}; SELECT cloudsync_init('t', 'cls', 2);"
            + " PRAGMA foreign_keys = ON;";
        using Database sender = RefusingReplica.Open(schema);
        using Database receiver = RefusingReplica.Open(schema);
        sender.Exec("INSERT INTO t VALUES ('k3', 4, 8, NULL)");
        RefusingReplica.Apply(receiver, RefusingReplica.Payload(sender));
        sender.Exec($"DELETE FROM t; INSERT INTO t VALUES ('{taker}', 4, 3, NULL); INSERT INTO t VALUES ('k3', 7, 6, '{taker}')");
        RefusingReplica.Apply(receiver, RefusingReplica.Payload(sender, 1));
        Assert.Empty(RefusingReplica.Waiting(receiver));
        Assert.Equal(RefusingReplica.Read(sender, "SELECT * FROM t ORDER BY id"), RefusingReplica.Read(receiver, "SELECT * FROM t ORDER BY id"));
    }

    /// <summary>The new life of a row takes the value of one that cannot be deleted while the old one refers to it.</summary>
    [Theory]
    [InlineData("", "k3", "k5")]
    [InlineData("", "k5", "k3")]
    [InlineData(" DEFERRABLE INITIALLY DEFERRED", "k3", "k5")]
    [InlineData(" DEFERRABLE INITIALLY DEFERRED", "k5", "k3")]
    public void Row_takes_the_value_of_one_that_is_deleted_and_that_it_referred_to(string clause, string child, string parent)
    {
        string schema = $"CREATE TABLE t(id TEXT PRIMARY KEY NOT NULL, a UNIQUE NOT NULL, p REFERENCES t(id){clause}); SELECT cloudsync_init('t', 'cls', 2); PRAGMA foreign_keys = ON;";
        foreach (bool inTransaction in (bool[])[false, true])
        {
            foreach (string[] order in (string[][])[[$"DELETE FROM t WHERE id = '{child}'", $"DELETE FROM t WHERE id = '{parent}'", $"INSERT INTO t VALUES ('{child}', 6, NULL)"],
                [$"UPDATE t SET p = NULL, a = 1 WHERE id = '{child}'", $"DELETE FROM t WHERE id = '{parent}'", $"UPDATE t SET a = 6 WHERE id = '{child}'"]])
            {
                using Database sender = RefusingReplica.Open(schema);
                using Database receiver = RefusingReplica.Open(schema);
                sender.Exec($"INSERT INTO t VALUES ('{parent}', 6, NULL); INSERT INTO t VALUES ('{child}', 2, '{parent}')");
                RefusingReplica.Apply(receiver, RefusingReplica.Payload(sender));
                sender.Exec(string.Join("; ", order));
                receiver.Exec(inTransaction ? "BEGIN" : "");
                RefusingReplica.Apply(receiver, RefusingReplica.Payload(sender, 2));
                receiver.Exec(inTransaction ? "COMMIT" : "");
                Assert.Empty(RefusingReplica.Waiting(receiver));
                Assert.Equal([$"{child}|6|NULL"], RefusingReplica.Read(receiver, "SELECT * FROM t"));
                Assert.Equal(0L, receiver.Scalar("PRAGMA defer_foreign_keys"));
            }
        }
    }

    [Fact]
    public void Last_waiting_row_lands_when_it_was_moved_for_another_one_in_vain()
    {
        const string Plain = "CREATE TABLE t(id TEXT PRIMARY KEY NOT NULL, a, b); SELECT cloudsync_init('t');";
        using Database sender = RefusingReplica.Open(Plain);
        using Database receiver = RefusingReplica.Open("CREATE TABLE t(id TEXT PRIMARY KEY NOT NULL, a UNIQUE, b UNIQUE); SELECT cloudsync_init('t');");
        receiver.Exec("INSERT INTO t VALUES ('mine', 'x', 7)");
        sender.Exec("INSERT INTO t VALUES ('2', 'q', 2)");
        RefusingReplica.Apply(receiver, RefusingReplica.Payload(sender));
        sender.Exec("UPDATE t SET a = 'x'");
        RefusingReplica.Apply(receiver, RefusingReplica.Payload(sender, 1));
        Assert.Equal(["t|'2'|a|constraint"], RefusingReplica.Waiting(receiver));

        // Row 2 could move now, which is tried for row 3; row 3 fails all the same, by its other value.
        receiver.Exec("UPDATE t SET a = 'y' WHERE id = 'mine'");
        sender.Exec("INSERT INTO t VALUES ('3', 'q', 7)");
        RefusingReplica.Apply(receiver, RefusingReplica.Payload(sender, 2));
        Assert.Equal(["2|x|2", "mine|y|7"], RefusingReplica.Read(receiver, "SELECT * FROM t ORDER BY id"));
        Assert.Equal(["t|'3'|a,b|constraint"], RefusingReplica.Waiting(receiver));
    }

    [Theory]
    [InlineData("CREATE UNIQUE INDEX u ON t(lower(a))")]
    [InlineData("CREATE UNIQUE INDEX u ON t(a) WHERE b = 0")]
    [InlineData("CREATE UNIQUE INDEX u ON t(b, a)")]
    public void Values_of_partial_and_expression_indexes_are_arranged(string index)
    {
        const string Schema = "CREATE TABLE t(id TEXT PRIMARY KEY NOT NULL, a, b); SELECT cloudsync_init('t');";
        using Database sender = RefusingReplica.Open(Schema);
        using Database receiver = RefusingReplica.Open(Schema + index, "stop");
        sender.Exec("INSERT INTO t VALUES ('1', 'x', 0), ('2', 'y', 0), ('3', 'z', 0)");
        RefusingReplica.Apply(receiver, RefusingReplica.Payload(sender));
        sender.Exec("UPDATE t SET a = CASE a WHEN 'x' THEN 'y' WHEN 'y' THEN 'z' ELSE 'x' END");
        RefusingReplica.Apply(receiver, RefusingReplica.Payload(sender, 1));
        Assert.Equal(["1|y|0", "2|z|0", "3|x|0"], RefusingReplica.Read(receiver, "SELECT * FROM t ORDER BY id"));
    }

    [Theory]
    [InlineData("stop", "")]
    [InlineData("wait", "")]
    [InlineData("wait", "DEFERRABLE INITIALLY DEFERRED")]
    public void Children_before_their_parents_and_references_in_a_circle_are_written(string refused, string deferrable)
    {
        string schema = $"CREATE TABLE t(id TEXT PRIMARY KEY NOT NULL, p TEXT REFERENCES t(id) {deferrable}); SELECT cloudsync_init('t');";
        using Database sender = RefusingReplica.Open(schema);
        using Database receiver = RefusingReplica.Open(schema + "PRAGMA foreign_keys = ON", refused);
        sender.Exec("INSERT INTO t VALUES ('5', '4'), ('4', '3'), ('3', '2'), ('2', '1'), ('1', NULL), ('a', 'b'), ('b', 'c'), ('c', 'a')");
        RefusingReplica.Apply(receiver, RefusingReplica.Payload(sender));
        Assert.Equal(8L, receiver.Scalar("SELECT count(*) FROM t"));
        Assert.Empty(receiver.Query("PRAGMA foreign_key_check"));
        sender.Exec("DELETE FROM t");
        RefusingReplica.Apply(receiver, RefusingReplica.Payload(sender, 1));
        Assert.Equal(0L, receiver.Scalar("SELECT count(*) FROM t"));
        Assert.Equal(0L, receiver.Scalar("PRAGMA defer_foreign_keys"));
    }

    [Theory]
    [InlineData("stop", false)]
    [InlineData("stop", true)]
    [InlineData("wait", false)]
    [InlineData("wait", true)]
    public void Rows_that_refer_to_nothing_are_left_out_when_others_refer_to_each_other(string refused, bool inTransaction)
    {
        const string Schema = "CREATE TABLE t(id TEXT PRIMARY KEY NOT NULL, p TEXT REFERENCES t(id)); SELECT cloudsync_init('t');";
        using Database sender = RefusingReplica.Open(Schema + "PRAGMA foreign_keys = OFF");
        using Database receiver = RefusingReplica.Open(Schema + "PRAGMA foreign_keys = ON", refused);
        sender.Exec("INSERT INTO t VALUES ('a', 'b'), ('c', 'gone'), ('b', 'a'), ('d', 'c')");
        byte[] payload = RefusingReplica.Payload(sender)!;
        receiver.Exec(inTransaction ? "BEGIN" : "");
        SqlException? failure = Record.Exception(() => RefusingReplica.Apply(receiver, payload)) as SqlException;
        receiver.Exec(inTransaction ? "COMMIT" : "");
        Assert.Equal(refused == "stop" ? "FOREIGN KEY constraint failed (table t, key 'a')" : null, failure?.Text);
        Assert.Equal(refused == "stop" ? [] : ["a|b", "b|a"], RefusingReplica.Read(receiver, "SELECT * FROM t ORDER BY id"));
        Assert.Equal(refused == "stop" ? [] : ["t|'c'|p|constraint", "t|'d'|p|constraint"], RefusingReplica.Waiting(receiver));
        Assert.Equal(0L, receiver.Scalar("PRAGMA defer_foreign_keys"));
        receiver.Exec("INSERT INTO t VALUES ('gone', NULL)");
        RefusingReplica.Apply(receiver, payload);
        Assert.Equal(["a|b", "b|a", "c|gone", "d|c", "gone|NULL"], RefusingReplica.Read(receiver, "SELECT * FROM t ORDER BY id"));
        Assert.Empty(RefusingReplica.Waiting(receiver));
    }

    [Theory]
    [InlineData("")]
    [InlineData("DEFERRABLE INITIALLY DEFERRED")]
    public void Child_without_its_parent_waits_until_it_comes(string deferrable)
    {
        string schema = "CREATE TABLE parent(id TEXT PRIMARY KEY NOT NULL); CREATE TABLE child(id TEXT PRIMARY KEY NOT NULL, p TEXT"
            + $" REFERENCES parent(id) {deferrable}); SELECT cloudsync_init('parent'); SELECT cloudsync_init('child');";
        using Database sender = RefusingReplica.Open(schema);
        using Database receiver = RefusingReplica.Open(schema + "PRAGMA foreign_keys = ON");
        sender.Exec("INSERT INTO child VALUES ('c', 'p'), ('d', NULL); INSERT INTO parent VALUES ('p')");
        List<byte[]> rows = RefusingReplica.Rows(sender);
        RefusingReplica.Apply(receiver, rows[0]);
        RefusingReplica.Apply(receiver, rows[1]);
        Assert.Equal(["d"], RefusingReplica.Read(receiver, "SELECT id FROM child"));
        Assert.Equal(["child|'c'|p|constraint"], RefusingReplica.Waiting(receiver));
        RefusingReplica.Apply(receiver, rows[2]);
        Assert.Empty(RefusingReplica.Waiting(receiver));
        Assert.Equal(["c|p", "d|NULL"], RefusingReplica.Read(receiver, "SELECT id, p FROM child ORDER BY id"));
    }

    [Fact]
    public void Children_follow_their_parents_when_these_swap_values()
    {
        const string Schema = """
            CREATE TABLE t(id TEXT PRIMARY KEY NOT NULL, a TEXT NOT NULL DEFAULT '' UNIQUE);
            CREATE TABLE c(id TEXT PRIMARY KEY NOT NULL, a TEXT REFERENCES t(a) ON UPDATE CASCADE);
            SELECT cloudsync_init('t'); SELECT cloudsync_init('c'); PRAGMA foreign_keys = ON;
            """;
        using Database sender = RefusingReplica.Open(Schema + "PRAGMA foreign_keys = OFF");
        using Database receiver = RefusingReplica.Open(Schema, "stop");
        sender.Exec("INSERT INTO t VALUES ('1', 'x'), ('2', 'y'); INSERT INTO c VALUES ('of 1', 'x'), ('of 2', 'y')");
        RefusingReplica.Apply(receiver, RefusingReplica.Payload(sender));
        sender.Exec("UPDATE t SET a = 'tmp' WHERE id = '1'; UPDATE t SET a = 'x' WHERE id = '2'; UPDATE t SET a = 'y' WHERE id = '1'");
        RefusingReplica.Apply(receiver, RefusingReplica.Payload(sender, 2));
        Assert.Equal(["1|y", "2|x"], RefusingReplica.Read(receiver, "SELECT * FROM t ORDER BY 1"));
        Assert.Equal(["of 1|y", "of 2|x"], RefusingReplica.Read(receiver, "SELECT * FROM c ORDER BY 1"));
        RefusingReplica.Apply(sender, RefusingReplica.Payload(receiver));
        Assert.Equal(RefusingReplica.Read(sender, "SELECT * FROM c ORDER BY 1"), RefusingReplica.Read(receiver, "SELECT * FROM c ORDER BY 1"));
    }

    [Fact]
    public void Full_text_index_stays_whole_when_values_are_swapped()
    {
        const string Schema = """
            CREATE TABLE t(id TEXT PRIMARY KEY NOT NULL, a TEXT UNIQUE); SELECT cloudsync_init('t');
            CREATE VIRTUAL TABLE f USING fts5(a, content='t', content_rowid='rowid');
            CREATE TRIGGER f1 AFTER INSERT ON t BEGIN INSERT INTO f(rowid, a) VALUES (new.rowid, new.a); END;
            CREATE TRIGGER f2 AFTER UPDATE ON t BEGIN INSERT INTO f(f, rowid, a) VALUES ('delete', old.rowid, old.a);
                INSERT INTO f(rowid, a) VALUES (new.rowid, new.a); END;
            """;
        using Database sender = RefusingReplica.Open("CREATE TABLE t(id TEXT PRIMARY KEY NOT NULL, a TEXT); SELECT cloudsync_init('t');");
        using Database receiver = RefusingReplica.Open(Schema, "stop");
        sender.Exec("INSERT INTO t VALUES ('1', 'one'), ('2', 'two'), ('3', 'three')");
        RefusingReplica.Apply(receiver, RefusingReplica.Payload(sender));
        sender.Exec("UPDATE t SET a = CASE id WHEN '1' THEN 'two' WHEN '2' THEN 'three' ELSE 'one' END");
        RefusingReplica.Apply(receiver, RefusingReplica.Payload(sender, 1));
        Assert.Equal(["1|two", "2|three", "3|one"], RefusingReplica.Read(receiver, "SELECT * FROM t ORDER BY id"));
        receiver.Exec("INSERT INTO f(f) VALUES ('integrity-check')");
        Assert.Equal(["1"], RefusingReplica.Read(receiver, "SELECT t.id FROM f JOIN t ON t.rowid = f.rowid WHERE f MATCH 'two'"));
    }
}
