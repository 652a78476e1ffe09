using ChunkSync.Tests.Host;

namespace ChunkSync.Tests.Waiting;

/// <summary>Changes that a table refuses wait, and everything behind them goes on.</summary>
public sealed class WaitingTests
{
    private const string Plain = "CREATE TABLE t(id TEXT PRIMARY KEY NOT NULL, a, b); SELECT cloudsync_init('t');";
    private const string Unique = "CREATE TABLE t(id TEXT PRIMARY KEY NOT NULL, a UNIQUE, b); SELECT cloudsync_init('t');";
    private const string Checked = "CREATE TABLE t(id TEXT PRIMARY KEY NOT NULL, a, b, CHECK (a IS NULL OR b IS NULL OR a < b)); SELECT cloudsync_init('t');";

    [Theory]
    [InlineData("a CHECK (a IS NOT -1)", "constraint")]
    [InlineData("a CHECK (json_extract(a, '$') IS NOT 7)", "expression")]
    [InlineData("a UNIQUE", "constraint")]
    public void Refused_row_waits_and_the_others_are_applied(string column, string reason)
    {
        using Database sender = RefusingReplica.Open(Plain);
        sender.Exec("INSERT INTO t VALUES ('1', '1', 0); INSERT INTO t VALUES ('2', -1, 0); INSERT INTO t VALUES ('3', '{', 0); INSERT INTO t VALUES ('4', 4, 0)");
        using Database receiver = RefusingReplica.Open($"CREATE TABLE t(id TEXT PRIMARY KEY NOT NULL, {column}, b); SELECT cloudsync_init('t');");
        receiver.Exec("INSERT INTO t VALUES ('mine', '{', 0)".Replace("'{'", column.Contains("UNIQUE") ? "'{'" : "0"));
        RefusingReplica.Apply(receiver, RefusingReplica.Payload(sender));
        Assert.Equal(["1", "4"], RefusingReplica.Read(receiver, "SELECT id FROM t WHERE id IN ('1', '4') ORDER BY 1"));
        string waits = reason == "constraint" && column.Contains("CHECK") ? "t|'2'|a,b|constraint" : $"t|'3'|a,b|{reason}";
        Assert.Contains(waits, RefusingReplica.Waiting(receiver));
        Assert.Equal(["4|1"], RefusingReplica.Read(receiver, "SELECT value, 1 FROM cloudsync_settings WHERE key = 'check_dbversion'"));
        Assert.Empty(RefusingReplica.Read(receiver, "SELECT 1 FROM cloudsync_changes WHERE pk IN (SELECT pk FROM cloudsync_waiting)"));
    }

    [Fact]
    public void Waiting_row_lands_when_its_cause_is_gone_and_a_change_arrives()
    {
        using Database sender = RefusingReplica.Open(Plain);
        using Database receiver = RefusingReplica.Open(Unique);
        receiver.Exec("INSERT INTO t VALUES ('mine', 'x', 0)");
        sender.Exec("INSERT INTO t VALUES ('theirs', 'x', 0)");
        RefusingReplica.Apply(receiver, RefusingReplica.Payload(sender));
        Assert.Equal(["t|'theirs'|a,b|constraint"], RefusingReplica.Waiting(receiver));
        Assert.Equal(["t|'mine'"], RefusingReplica.Read(receiver, "SELECT needs_tbl, cloudsync_pk_decode(needs_pk, 1) FROM cloudsync_waiting").Select(row => row.Replace("|mine", "|'mine'")));
        receiver.Exec("UPDATE t SET a = 'y' WHERE id = 'mine'");
        long before = (long)receiver.Scalar("SELECT cloudsync_db_version()")!;
        sender.Exec("INSERT INTO t VALUES ('other', 'z', 0)");
        RefusingReplica.Apply(receiver, RefusingReplica.Payload(sender, 1));
        Assert.Empty(RefusingReplica.Waiting(receiver));
        Assert.Equal(["mine|y", "other|z", "theirs|x"], RefusingReplica.Read(receiver, "SELECT id, a FROM t ORDER BY 1"));
        Assert.True((long)receiver.Scalar("SELECT min(db_version) FROM cloudsync_changes WHERE site_id <> cloudsync_siteid()")! > before);
        Assert.Equal(0L, receiver.Scalar("SELECT count(*) FROM cloudsync_waiting_sites"));
    }

    [Fact]
    public void Retry_places_what_waits_when_its_cause_is_gone()
    {
        using Database sender = RefusingReplica.Open(Plain);
        using Database receiver = RefusingReplica.Open(Unique);
        receiver.Exec("INSERT INTO t VALUES ('mine', 'x', 0)");
        sender.Exec("INSERT INTO t VALUES ('theirs', 'x', 0)");
        RefusingReplica.Apply(receiver, RefusingReplica.Payload(sender));
        Assert.Equal(0L, receiver.Scalar("SELECT cloudsync_waiting_retry()"));
        Assert.Equal(2L, receiver.Scalar("SELECT tries FROM cloudsync_waiting"));
        receiver.Exec("DELETE FROM t WHERE id = 'mine'");
        Assert.Equal(1L, receiver.Scalar("SELECT cloudsync_waiting_retry('t')"));
        Assert.Equal(["theirs|x|0"], RefusingReplica.Read(receiver, "SELECT * FROM t"));
        Assert.Equal(0L, receiver.Scalar("SELECT cloudsync_waiting_retry()"));
    }

    [Fact]
    public void Waiting_row_is_tried_when_another_connection_gives_out_a_version_that_was_taken_for_nothing()
    {
        using TempFile file = new();
        using Database sender = RefusingReplica.Open(Plain);
        sender.Exec("INSERT INTO t VALUES ('theirs', 'x', 0)");
        using Database receiver = Database.Open(file.Path);
        receiver.Exec(Unique + "SELECT cloudsync_set('apply_refused', 'wait'), cloudsync_set('waiting_budget', 0); INSERT INTO t VALUES ('mine', 'x', 0)");
        RefusingReplica.Apply(receiver, RefusingReplica.Payload(sender));
        sender.Exec("INSERT INTO t VALUES ('other', 'z', 0)");
        byte[] later = RefusingReplica.Payload(sender, 1)!;
        RefusingReplica.Apply(receiver, later);
        receiver.Exec("UPDATE t SET b = b");
        RefusingReplica.Apply(receiver, later);
        using (Database second = Database.Open(file.Path))
        {
            Assert.Empty(RefusingReplica.Read(second, "SELECT id FROM cloudsync_check WHERE severity = 'error'"));
            second.Exec("UPDATE t SET a = 'y' WHERE id = 'mine'");
        }

        RefusingReplica.Apply(receiver, later);
        Assert.Empty(RefusingReplica.Waiting(receiver));
    }

    [Fact]
    public void Row_of_a_grow_only_table_is_overruled_only_where_it_is_here()
    {
        const string Columns = "CREATE TABLE t(id TEXT PRIMARY KEY NOT NULL, a {0}); SELECT cloudsync_init('t', 'gos');";
        using Database sender = RefusingReplica.Open(string.Format(Columns, ""));
        sender.Exec("INSERT INTO t VALUES ('both', 1), ('theirs', 2)");
        using Database receiver = RefusingReplica.Open(string.Format(Columns, "CHECK (a = 7)"));
        receiver.Exec("INSERT INTO t VALUES ('both', 7)");
        sender.Exec("INSERT OR REPLACE INTO t VALUES ('both', 8)");
        RefusingReplica.Apply(receiver, RefusingReplica.Payload(sender));
        Assert.Equal(["t|'both'|a|constraint", "t|'theirs'|a|constraint"], RefusingReplica.Waiting(receiver));
        Assert.Equal("cloudsync_waiting_drop: table t is grow-only, and its row 'theirs' is not here: others would keep it, so that it cannot be overruled",
            Assert.Throws<SqlException>(() => receiver.Scalar("SELECT cloudsync_waiting_drop('t', cloudsync_pk_encode('theirs'), 'overrule')")).Text);
        Assert.Equal(1L, receiver.Scalar("SELECT cloudsync_waiting_drop('t', cloudsync_pk_encode('both'), 'overrule')"));
        Assert.Equal(["t|'theirs'|a|constraint"], RefusingReplica.Waiting(receiver));
        RefusingReplica.Apply(sender, RefusingReplica.Payload(receiver));
        Assert.Equal(["both|7", "theirs|2"], RefusingReplica.Read(sender, "SELECT * FROM t ORDER BY 1"));
    }

    [Fact]
    public void Foreign_keys_are_checked_at_once_again_when_an_attempt_to_write_a_circle_left_traces()
    {
        const string Schema = "CREATE TABLE t(id TEXT PRIMARY KEY NOT NULL, a REFERENCES t); SELECT cloudsync_init('t');";
        using Database sender = RefusingReplica.Open(Schema);
        sender.Exec("INSERT INTO t VALUES ('1', '2'), ('2', '1')");
        using Database receiver = RefusingReplica.Open(Schema + "PRAGMA foreign_keys = ON; CREATE TRIGGER no AFTER INSERT ON t"
            + " WHEN NEW.id = '2' AND EXISTS (SELECT 1 FROM t WHERE id = '1') BEGIN SELECT RAISE(FAIL, 'no'); END");
        receiver.Exec("BEGIN");
        RefusingReplica.Apply(receiver, RefusingReplica.Payload(sender));
        Assert.Equal(["t|'1'|a|constraint", "t|'2'|a|constraint"], RefusingReplica.Waiting(receiver));
        Assert.Equal(0L, receiver.Scalar("PRAGMA defer_foreign_keys"));
        Assert.Equal("FOREIGN KEY constraint failed", Assert.Throws<SqlException>(() => receiver.Exec("INSERT INTO t VALUES ('3', 'missing')")).Text);
        receiver.Exec("PRAGMA defer_foreign_keys = ON");
        Assert.Equal(0L, receiver.Scalar("SELECT cloudsync_waiting_retry()"));
        Assert.Equal(1L, receiver.Scalar("PRAGMA defer_foreign_keys"));
        receiver.Exec("COMMIT");
    }

    [Fact]
    public void Pieces_of_a_row_land_together_when_they_fit_only_together()
    {
        using Database sender = RefusingReplica.Open(Plain);
        using Database receiver = RefusingReplica.Open(Checked);
        foreach (Database database in (Database[])[sender, receiver])
        {
            database.Exec("INSERT INTO t VALUES ('1', 1, 2)");
        }

        RefusingReplica.Apply(receiver, RefusingReplica.Payload(sender));
        sender.Exec("UPDATE t SET a = 5; UPDATE t SET b = 9");
        List<byte[]> rows = RefusingReplica.Rows(sender);
        RefusingReplica.Apply(receiver, rows[0]);
        Assert.Equal(["t|'1'|a|constraint"], RefusingReplica.Waiting(receiver));
        RefusingReplica.Apply(receiver, rows[1]);
        Assert.Equal(["1|5|9"], RefusingReplica.Read(receiver, "SELECT * FROM t"));
        Assert.Empty(RefusingReplica.Waiting(receiver));
    }

    [Fact]
    public void Only_the_tombstone_is_left_when_a_waiting_row_is_deleted()
    {
        using Database sender = RefusingReplica.Open(Plain);
        using Database receiver = RefusingReplica.Open(Unique);
        receiver.Exec("INSERT INTO t VALUES ('mine', 'x', 0)");
        sender.Exec("INSERT INTO t VALUES ('theirs', 'x', 0)");
        RefusingReplica.Apply(receiver, RefusingReplica.Payload(sender));
        sender.Exec("DELETE FROM t");
        RefusingReplica.Apply(receiver, RefusingReplica.Payload(sender, 1));
        Assert.Empty(RefusingReplica.Waiting(receiver));
        Assert.Equal(["mine|x|0"], RefusingReplica.Read(receiver, "SELECT * FROM t"));
        Assert.Equal(0L, receiver.Scalar("SELECT count(*) FROM cloudsync_waiting_changes"));
    }

    [Fact]
    public void Receive_keeps_by_default_and_apply_stops()
    {
        using Database sender = RefusingReplica.Open(Plain, null);
        using Database receiver = RefusingReplica.Open(Unique, null);
        receiver.Exec("INSERT INTO t VALUES ('mine', 'x', 0)");
        sender.Exec("INSERT INTO t VALUES ('theirs', 'x', 0)");
        byte[] payload = RefusingReplica.Payload(sender)!;
        SqlException failure = Assert.Throws<SqlException>(() => RefusingReplica.Apply(receiver, payload));
        Assert.Equal("UNIQUE constraint failed: t.a (table t, key 'theirs')", failure.Text);
        Assert.Equal(0L, receiver.Scalar("SELECT count(*) FROM sqlite_master WHERE name LIKE 'cloudsync_waiting%'"));
        byte[] site = (byte[])sender.Scalar("SELECT cloudsync_siteid()")!;
        Assert.Equal(2L, receiver.Scalar("SELECT cloudsync_payload_receive(?, ?, 1, 0, 0, 2, 0, 0, 1)", payload, site));
        Assert.Equal(["t|'theirs'|a,b|constraint|" + Convert.ToHexString(site)], RefusingReplica.Read(receiver, "SELECT tbl, key, columns, reason, origin FROM cloudsync_waiting"));
        Assert.Equal(["3|0|0"], RefusingReplica.Read(receiver, "SELECT from_db_version, from_seq, from_frag_offset FROM cloudsync_receive_gaps"));
    }

    [Theory]
    [InlineData("IGNORE")]
    [InlineData("REPLACE")]
    [InlineData("ROLLBACK")]
    [InlineData("FAIL")]
    public void Declared_conflict_clause_loses_nothing(string clause)
    {
        using Database sender = RefusingReplica.Open(Plain);
        using Database receiver = RefusingReplica.Open($"CREATE TABLE t(id TEXT PRIMARY KEY NOT NULL, a UNIQUE ON CONFLICT {clause}, b); SELECT cloudsync_init('t');");
        receiver.Exec("INSERT INTO t VALUES ('mine', 'x', 0), ('2', 'y', 0)");
        sender.Exec("INSERT INTO t VALUES ('theirs', 'x', 0), ('2', 'y', 1); UPDATE t SET a = 'x' WHERE id = '2'");
        RefusingReplica.Apply(receiver, RefusingReplica.Payload(sender));
        Assert.Contains("mine|x|0", RefusingReplica.Read(receiver, "SELECT * FROM t"));
        Assert.Contains("t|'theirs'|a,b|constraint", RefusingReplica.Waiting(receiver));
        receiver.Exec("DELETE FROM t WHERE id = 'mine'");
        receiver.Exec("SELECT cloudsync_waiting_retry()");
        Assert.Single(RefusingReplica.Waiting(receiver));
    }

    [Fact]
    public void Triggers_keep_their_own_conflict_clauses()
    {
        const string Schema = """
            CREATE TABLE t(id TEXT PRIMARY KEY NOT NULL, a UNIQUE, b); SELECT cloudsync_init('t');
            CREATE TABLE tags(name UNIQUE); INSERT INTO tags VALUES (0);
            CREATE TRIGGER tag AFTER INSERT ON t BEGIN INSERT OR IGNORE INTO tags VALUES (new.b); END;
            """;
        using Database sender = RefusingReplica.Open(Plain);
        using Database receiver = RefusingReplica.Open(Schema);
        sender.Exec("INSERT INTO t VALUES ('1', 1, 0), ('2', 2, 0)");
        RefusingReplica.Apply(receiver, RefusingReplica.Payload(sender));
        Assert.Equal(2L, receiver.Scalar("SELECT count(*) FROM t"));
    }

    [Theory]
    [InlineData("ABORT")]
    [InlineData("FAIL")]
    [InlineData("ROLLBACK")]
    public void Row_that_a_trigger_refuses_waits_alone(string raise)
    {
        string schema = Plain + $"""
            CREATE TABLE log(x);
            CREATE TRIGGER no BEFORE INSERT ON t WHEN new.a = 'no' BEGIN INSERT INTO log VALUES (new.id); SELECT RAISE({raise}, 'not here'); END;
            """;
        using Database sender = RefusingReplica.Open(Plain);
        sender.Exec("INSERT INTO t VALUES ('1', 'no', 0); INSERT INTO t VALUES ('2', 'yes', 0); INSERT INTO t VALUES ('3', 'no', 0)");
        using Database receiver = RefusingReplica.Open(schema);
        RefusingReplica.Apply(receiver, RefusingReplica.Payload(sender));
        Assert.Equal(["2"], RefusingReplica.Read(receiver, "SELECT id FROM t"));
        Assert.Equal(["t|'1'|a,b|trigger", "t|'3'|a,b|trigger"], RefusingReplica.Waiting(receiver));
        Assert.Equal(0L, receiver.Scalar("SELECT count(*) FROM log"));
        receiver.Exec("DROP TRIGGER no");
        Assert.Equal(2L, receiver.Scalar("SELECT cloudsync_waiting_retry()"));
        Assert.Equal(3L, receiver.Scalar("SELECT count(*) FROM t"));
    }

    [Fact]
    public void Quota_refuses_the_call_and_leaves_other_senders_alone()
    {
        using Database sender = RefusingReplica.Open(Plain);
        sender.Exec("WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 20) INSERT INTO t SELECT 'k' || i, -1, 0 FROM n");
        using Database receiver = RefusingReplica.Open("CREATE TABLE t(id TEXT PRIMARY KEY NOT NULL, a CHECK (a >= 0), b); SELECT cloudsync_init('t'); SELECT cloudsync_set('waiting_max', 30)");
        SqlException failure = Assert.Throws<SqlException>(() => RefusingReplica.Apply(receiver, RefusingReplica.Payload(sender)));
        Assert.Equal("cloudsync_payload_apply: 40 changes of origin X'' would be waiting, waiting_max allows 30; nothing was applied (see cloudsync_waiting)", failure.Text);
        Assert.Equal(0L, receiver.Scalar("SELECT count(*) FROM sqlite_master WHERE name LIKE 'cloudsync_waiting%'"));
        receiver.Exec("SELECT cloudsync_set('waiting_max', NULL); SELECT cloudsync_set('waiting_max_bytes', 10)");
        failure = Assert.Throws<SqlException>(() => RefusingReplica.Apply(receiver, RefusingReplica.Payload(sender)));
        Assert.Contains("bytes of origin X'' would be waiting, waiting_max_bytes allows 10;", failure.Text);
        receiver.Exec("SELECT cloudsync_set('waiting_max_bytes', NULL)");
        RefusingReplica.Apply(receiver, RefusingReplica.Payload(sender));
        Assert.Equal(40L, receiver.Scalar("SELECT changes FROM cloudsync_waiting_sites"));
        Assert.Equal(receiver.Scalar("SELECT sum(bytes) FROM cloudsync_waiting_rows"), receiver.Scalar("SELECT bytes FROM cloudsync_waiting_sites"));
        RefusingReplica.Apply(receiver, RefusingReplica.Payload(sender));
        Assert.Equal(40L, receiver.Scalar("SELECT changes FROM cloudsync_waiting_sites"));
        Assert.Equal(receiver.Scalar("SELECT sum(bytes) FROM cloudsync_waiting_rows"), receiver.Scalar("SELECT bytes FROM cloudsync_waiting_sites"));
    }

    [Fact]
    public void Dropped_changes_are_forgotten_here_and_overruled_ones_everywhere()
    {
        using Database sender = RefusingReplica.Open(Plain);
        using Database receiver = RefusingReplica.Open(Unique);
        receiver.Exec("INSERT INTO t VALUES ('mine', 'x', 0), ('both', 'b', 0)");
        RefusingReplica.Apply(sender, RefusingReplica.Payload(receiver));
        sender.Exec("INSERT INTO t VALUES ('theirs', 'x', 0); UPDATE t SET a = 'x' WHERE id = 'both'");
        RefusingReplica.Apply(receiver, RefusingReplica.Payload(sender));
        Assert.Equal(["t|'both'|a|constraint", "t|'theirs'|a,b|constraint"], RefusingReplica.Waiting(receiver));
        Assert.Equal(3L, receiver.Scalar("SELECT cloudsync_waiting_drop('t', NULL, 'overrule')"));
        Assert.Empty(RefusingReplica.Waiting(receiver));
        RefusingReplica.Apply(sender, RefusingReplica.Payload(receiver));
        Assert.Equal(["both|b|0", "mine|x|0"], RefusingReplica.Read(sender, "SELECT * FROM t ORDER BY id"));
        Assert.Equal(["both|b|0", "mine|x|0"], RefusingReplica.Read(receiver, "SELECT * FROM t ORDER BY id"));

        sender.Exec("INSERT INTO t VALUES ('more', 'x', 0)");
        RefusingReplica.Apply(receiver, RefusingReplica.Payload(sender));
        Assert.Equal(2L, receiver.Scalar("SELECT cloudsync_waiting_drop('t')"));
        Assert.Equal(0L, receiver.Scalar("SELECT cloudsync_waiting_retry()"));
        Assert.Equal("cloudsync_waiting_drop: the third argument must be 'overrule', not 'x'",
            Assert.Throws<SqlException>(() => receiver.Exec("SELECT cloudsync_waiting_drop('t', NULL, 'x')")).Text);
    }

    [Fact]
    public void Refused_delete_waits_and_is_overruled_by_a_new_life()
    {
        const string Keeping = Plain + "CREATE TRIGGER keep BEFORE DELETE ON t BEGIN SELECT RAISE(ABORT, 'kept'); END;";
        using Database sender = RefusingReplica.Open(Plain);
        sender.Exec("INSERT INTO t VALUES ('1', 'a', 'b')");
        using Database receiver = RefusingReplica.Open(Keeping);
        RefusingReplica.Apply(receiver, RefusingReplica.Payload(sender));
        sender.Exec("DELETE FROM t");
        RefusingReplica.Apply(receiver, RefusingReplica.Payload(sender, 1));
        Assert.Equal(["t|'1'|__[RIP]__|trigger"], RefusingReplica.Waiting(receiver));
        Assert.Equal(1L, receiver.Scalar("SELECT cloudsync_waiting_drop('t', NULL, 'overrule')"));
        RefusingReplica.Apply(sender, RefusingReplica.Payload(receiver));
        Assert.Equal(["1|a|b"], RefusingReplica.Read(sender, "SELECT * FROM t"));
    }

    [Fact]
    public void Unknown_tables_and_columns_wait_while_the_rest_is_applied()
    {
        using Database sender = RefusingReplica.Open("CREATE TABLE t(id TEXT PRIMARY KEY NOT NULL, a, b, c); CREATE TABLE u(id TEXT PRIMARY KEY NOT NULL, x);"
            + " SELECT cloudsync_init('t'); SELECT cloudsync_init('u')");
        sender.Exec("INSERT INTO t VALUES ('1', 'a', 'b', 'c'); INSERT INTO u VALUES ('1', 'x'); INSERT INTO t VALUES ('2', 'a', 'b', 'c')");
        using Database receiver = RefusingReplica.Open(Plain + "SELECT cloudsync_set('skip_schema_hash_check', 1)");
        RefusingReplica.Apply(receiver, RefusingReplica.Payload(sender));
        Assert.Equal(["1|a|b", "2|a|b"], RefusingReplica.Read(receiver, "SELECT * FROM t ORDER BY 1"));
        Assert.Equal(["t|'1'|c|column", "t|'2'|c|column", "u|'1'|x|table"], RefusingReplica.Waiting(receiver));
        sender.Exec("DELETE FROM t WHERE id = '1'");
        RefusingReplica.Apply(receiver, RefusingReplica.Payload(sender, 3));
        Assert.Equal(["t|'2'|c|column", "u|'1'|x|table"], RefusingReplica.Waiting(receiver));
        receiver.Exec("CREATE TABLE u(id TEXT PRIMARY KEY NOT NULL, x); SELECT cloudsync_init('u'); SELECT cloudsync_waiting_retry()");
        Assert.Equal(["1|x"], RefusingReplica.Read(receiver, "SELECT * FROM u"));
        receiver.Exec("SELECT cloudsync_begin_alter('t'); ALTER TABLE t ADD COLUMN c; SELECT cloudsync_commit_alter('t'); SELECT cloudsync_waiting_retry()");
        Assert.Empty(RefusingReplica.Waiting(receiver));
    }

    [Fact]
    public void Tables_go_with_the_last_tracked_table()
    {
        using Database sender = RefusingReplica.Open(Plain);
        sender.Exec("INSERT INTO t VALUES ('1', -1, 0)");
        using Database receiver = RefusingReplica.Open("CREATE TABLE t(id TEXT PRIMARY KEY NOT NULL, a CHECK (a >= 0), b); CREATE TABLE u(id TEXT PRIMARY KEY NOT NULL);"
            + " SELECT cloudsync_init('t'); SELECT cloudsync_init('u')");
        receiver.Exec("SELECT cloudsync_set('skip_schema_hash_check', 1)");
        RefusingReplica.Apply(receiver, RefusingReplica.Payload(sender));
        Assert.Single(RefusingReplica.Waiting(receiver));
        receiver.Exec("SELECT cloudsync_cleanup('t')");
        Assert.Empty(RefusingReplica.Waiting(receiver));
        receiver.Exec("SELECT cloudsync_cleanup('u')");
        Assert.Equal(0L, receiver.Scalar("SELECT count(*) FROM sqlite_master WHERE name LIKE 'cloudsync_waiting%'"));
    }
}
