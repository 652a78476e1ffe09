using ChunkSync.Tests.Consistency;
using ChunkSync.Tests.Host;

namespace ChunkSync.Tests.Capture;

/// <summary>A rebuild takes a table's triggers away, and SQLite tells nobody. Calls that read changes refuse, calls that write restore
/// capture, and nothing is lost in silence.</summary>
public sealed class RebuildTests : IDisposable
{
    private const string Schema = "CREATE TABLE t(id TEXT PRIMARY KEY NOT NULL, a, b); SELECT cloudsync_init('t');"
        + " CREATE TABLE u(id TEXT PRIMARY KEY NOT NULL, x); SELECT cloudsync_init('u');";

    private const string Rebuild = "CREATE TABLE t_new(id TEXT PRIMARY KEY NOT NULL, a, b); INSERT INTO t_new SELECT id, a, b FROM t;"
        + " DROP TABLE t; ALTER TABLE t_new RENAME TO t;";

    private const string Read = "SELECT count(*) FROM cloudsync_changes";

    private readonly Database here = Database.Open();
    private readonly Database there = Database.Open();
    private readonly OneWay outward;
    private readonly OneWay back;

    public RebuildTests()
    {
        here.Exec(Schema + "INSERT INTO t VALUES ('k1', 1, 1), ('k2', 2, 2), ('k3', 3, 3); DELETE FROM t WHERE id = 'k3'");
        there.Exec(Schema);
        outward = new OneWay(here, there);
        back = new OneWay(there, here);
        OneWay.Settle(outward, back);
        here.Deviates(Deviation.Rebuilt, "the table is rebuilt");
    }

    public static TheoryData<string> Rebuilds =>
    [
        Rebuild,
        "BEGIN; " + Rebuild + " COMMIT;",
        "PRAGMA foreign_keys = ON; " + Rebuild,
        "ALTER TABLE t RENAME TO t_old; CREATE TABLE t(id TEXT PRIMARY KEY NOT NULL, a, b); INSERT INTO t SELECT * FROM t_old; DROP TABLE t_old;",
        "PRAGMA legacy_alter_table = ON; ALTER TABLE t RENAME TO t_old; CREATE TABLE t(id TEXT PRIMARY KEY NOT NULL, a, b);"
            + " INSERT INTO t SELECT * FROM t_old; DROP TABLE t_old;",
        "CREATE TABLE keep AS SELECT * FROM t; DROP TABLE t; CREATE TABLE t(id TEXT PRIMARY KEY NOT NULL, b, a) WITHOUT ROWID;"
            + " INSERT INTO t(id, a, b) SELECT id, a, b FROM keep; DROP TABLE keep;",
        "CREATE TABLE t_new(id TEXT PRIMARY KEY NOT NULL, a, c DEFAULT 5, b); INSERT INTO t_new(id, a, b) SELECT * FROM t; DROP TABLE t;"
            + " ALTER TABLE t_new RENAME TO t;",
        "DROP TRIGGER cloudsync_after_insert_t; DROP TRIGGER cloudsync_after_update_t; DROP TRIGGER cloudsync_after_delete_t;",
        "DROP TRIGGER cloudsync_after_update_t;",
    ];

    public static TheoryData<string> Reads =>
    [
        Read,
        "SELECT count(*) FROM cloudsync_changes WHERE tbl = 't'",
        "SELECT payload FROM cloudsync_payload_chunks",
        "SELECT rows FROM cloudsync_payload_chunks WHERE since_db_version = 10000",
        "SELECT cloudsync_payload_blob_checked(0, 0, NULL, 0, 1000000)",
        "SELECT cloudsync_payload_save('/tmp/chunksync-never-written.bin')",
        "SELECT cloudsync_payload_encode(tbl, pk, col_name, col_value, col_version, db_version, site_id, cl, seq) FROM cloudsync_changes",
    ];

    public void Dispose()
    {
        here.Dispose();
        there.Dispose();
    }

    [Theory]
    [MemberData(nameof(Reads))]
    public void Reads_refuse_with_both_cures_when_a_table_was_rebuilt(string sql)
    {
        here.Exec(Rebuild);
        Refuses(here, sql);
        Assert.Equal(0L, here.Scalar("SELECT cloudsync_is_enabled('t')"));
        Assert.Equal(1L, here.Scalar("SELECT cloudsync_is_enabled('u')"));
        Assert.Equal(0L, here.Scalar("SELECT count(*) FROM cloudsync_changes WHERE tbl = 'u'"));
        Assert.False(File.Exists("/tmp/chunksync-never-written.bin"));
    }

    [Theory]
    [MemberData(nameof(Rebuilds))]
    public void Recapture_sends_what_changed_meanwhile_when_a_table_was_rebuilt(string rebuild)
    {
        here.Exec(rebuild);
        here.Exec("INSERT INTO t(id, a, b) VALUES ('n1', 7, 7); DELETE FROM t WHERE id = 'k1'");
        Refuses(here, Read);
        object? before = here.Scalar("SELECT max(db_version) FROM t_cloudsync");
        object? captured = here.Scalar("SELECT cloudsync_recapture('t')");
        Assert.Equal(here.Scalar("SELECT count(*) FROM t_cloudsync WHERE db_version > ?", before), captured);
        here.Conforms();
        Assert.Equal(0L, here.Scalar("SELECT cloudsync_recapture('t')"));
        here.Exec("UPDATE t SET b = 'after' WHERE id = 'n1'");
        there.Deviates(Deviation.Rebuilt, "the table is rebuilt");
        there.Exec(rebuild + "SELECT cloudsync_recapture('t')");
        there.Conforms();
        OneWay.Settle(outward, back);
        Assert.Equal("k2,n1", there.Scalar("SELECT group_concat(id) FROM (SELECT id FROM t ORDER BY id)"));
        Assert.Equal(here.Query("SELECT * FROM t ORDER BY id"), there.Query("SELECT * FROM t ORDER BY id"));
    }

    [Fact]
    public void Init_keeps_what_others_have_when_rows_were_purged_while_the_triggers_were_gone()
    {
        here.Exec(Rebuild + "DELETE FROM t WHERE id = 'k1'; INSERT INTO t VALUES ('n1', 7, 7); SELECT cloudsync_init('t')");
        here.Exec("INSERT INTO t VALUES ('n2', 8, 8)");
        outward.Send();
        Assert.Equal("k1,k2,n1,n2", there.Scalar("SELECT group_concat(id) FROM (SELECT id FROM t ORDER BY id)"));
        Assert.Equal(1L, here.Scalar("SELECT cloudsync_is_enabled('t')"));
    }

    [Theory]
    [InlineData("SELECT cloudsync_payload_apply(?)")]
    [InlineData("SELECT cloudsync_payload_receive(?, ?, 1, 0, 0, 100, 0, 0, 1)")]
    [InlineData("BEGIN|SELECT cloudsync_payload_apply(?)|COMMIT")]
    [InlineData("SAVEPOINT s|SELECT cloudsync_payload_apply(?)|ROLLBACK TO s|SELECT cloudsync_payload_apply(?)|RELEASE s")]
    [InlineData("INSERT INTO cloudsync_changes VALUES ('u', cloudsync_pk_encode('r'), 'x', 1, 1, 50, ?2, 1, 0)|SELECT ?1")]
    [InlineData("SELECT cloudsync_init('u', 'cls')|SELECT cloudsync_payload_apply(?)")]
    public void Capture_goes_on_and_reads_still_refuse_when_a_call_that_writes_has_noticed(string calls)
    {
        here.Exec(Rebuild + "INSERT INTO t VALUES ('lost', 7, 7)");
        there.Exec("INSERT INTO u VALUES ('r', 1)");
        object? payload = there.Scalar("SELECT payload FROM cloudsync_payload_chunks");
        object? site = there.Scalar("SELECT cloudsync_siteid()");
        foreach (string call in calls.Split('|'))
        {
            here.Run(call, call.Contains('?', StringComparison.Ordinal) ? [payload, site] : []);
        }

        Assert.Equal(3L, here.Scalar("SELECT count(*) FROM sqlite_master WHERE type = 'trigger' AND tbl_name = 't'"));
        Assert.Equal(1L, here.Scalar("SELECT cloudsync_is_enabled('t')"));
        here.Exec("INSERT INTO t VALUES ('seen', 8, 8)");
        Assert.Equal(2L, here.Scalar("SELECT count(*) FROM t_cloudsync WHERE pk = cloudsync_pk_encode('seen')"));
        Refuses(here, Read);
        Assert.Equal(2L, here.Scalar("SELECT cloudsync_recapture('t')"));
        here.Conforms();
        OneWay.Settle(outward, back);
        Assert.Equal(here.Query("SELECT * FROM t ORDER BY id"), there.Query("SELECT * FROM t ORDER BY id"));
    }

    [Fact]
    public void Nothing_is_restored_when_the_call_that_noticed_is_undone()
    {
        object? payload = there.Scalar("SELECT payload FROM cloudsync_payload_chunks WHERE since_db_version = 0 AND site_id = ?",
            here.Scalar("SELECT cloudsync_siteid()"));
        here.Exec(Rebuild + "BEGIN");
        here.Scalar("SELECT cloudsync_payload_apply(?)", payload);
        Assert.Equal(1L, here.Scalar("SELECT cloudsync_is_enabled('t')"));
        here.Exec("ROLLBACK");
        Assert.Equal(0L, here.Scalar("SELECT cloudsync_is_enabled('t')"));
        Assert.Equal(0L, here.Scalar("SELECT count(*) FROM cloudsync_table_settings WHERE key = 'chunksync_uncaptured'"));
        Assert.Equal(0L, here.Scalar("SELECT count(*) FROM sqlite_master WHERE type = 'trigger' AND tbl_name = 't'"));
    }

    [Fact]
    public void Another_connection_and_a_later_one_refuse_when_a_table_was_rebuilt()
    {
        using TempFile file = new();
        using (Database plain = Database.Open(file.Path))
        {
            plain.Exec(Schema + "INSERT INTO t VALUES ('k1', 1, 1)");
        }

        using (Database other = Database.Open(file.Path))
        {
            other.Deviates(Deviation.Rebuilt, "the table is rebuilt by another program");
            Assert.Equal(2L, other.Scalar(Read));
            using (Database migration = Database.Open(file.Path, register: false))
            {
                migration.Exec(Rebuild);
            }

            Refuses(other, Read);
            using (Database readOnly = Database.Open(file.Path, readOnly: true))
            {
                readOnly.Deviates(Deviation.Rebuilt, "the table is rebuilt by another program");
                Refuses(readOnly, Read);
                Assert.Equal(0L, readOnly.Scalar("SELECT cloudsync_is_enabled('t')"));
            }

            // Loading writes where it can: it restores the triggers, and remembers.
            using Database next = Database.Open(file.Path);
            Assert.Equal(1L, next.Scalar("SELECT cloudsync_is_enabled('t')"));
            Refuses(next, Read);
            Refuses(other, Read);
            next.Exec("SELECT cloudsync_init('t')");
            Assert.Equal(2L, next.Scalar(Read));
            other.Conforms();
            Assert.Equal(2L, other.Scalar(Read));
        }
    }

    [Fact]
    public void Alteration_restores_triggers_and_the_time_before_it_stays_unknown_when_a_table_was_rebuilt()
    {
        here.Exec(Rebuild + "UPDATE t SET a = 'lost'; SELECT cloudsync_begin_alter('t'); ALTER TABLE t ADD COLUMN c; SELECT cloudsync_commit_alter('t')");
        Refuses(here, Read);
        here.Exec("SELECT cloudsync_set_filter('t', 'id <> ''x''')");
        Refuses(here, Read);
        Assert.Equal(6L, here.Scalar("SELECT cloudsync_recapture('t', 'values')"));
        there.Exec("SELECT cloudsync_begin_alter('t'); ALTER TABLE t ADD COLUMN c; SELECT cloudsync_commit_alter('t')");
        OneWay.Settle(outward, back);
        Assert.Equal(2L, there.Scalar("SELECT count(*) FROM t WHERE a = 'lost'"));
    }

    [Fact]
    public void Commit_without_commit_alter_is_noticed_when_the_transaction_has_ended()
    {
        here.Exec("SELECT cloudsync_begin_alter('t'); ALTER TABLE t ADD COLUMN c");
        here.Scalar(Read);
        Assert.Equal(1L, here.Scalar("SELECT cloudsync_is_enabled('t')"));
        here.Exec("COMMIT");
        Refuses(here, Read);
        Assert.Equal(0L, here.Scalar("SELECT cloudsync_is_enabled('t')"));
        Assert.Contains("cloudsync_begin_alter('t')",
            Assert.Throws<SqlException>(() => here.Exec("SELECT cloudsync_commit_alter('t')")).Text, StringComparison.Ordinal);
        here.Exec("SELECT cloudsync_recapture('t')");
        here.Conforms();
        Assert.Equal(1L, here.Scalar("SELECT cloudsync_is_enabled('t')"));
        here.Scalar(Read);
    }

    [Fact]
    public void Values_of_an_added_column_are_sent_when_it_was_added_without_begin()
    {
        here.Deviates(Deviation.PlainAlter, "a column is added without begin");
        here.Exec("ALTER TABLE t ADD COLUMN c; UPDATE t SET c = 'filled' WHERE id = 'k1'; INSERT INTO t VALUES ('n1', 1, 1, 1);"
            + " UPDATE t SET c = 'changed' WHERE id = 'n1'");
        Assert.Equal("filled", here.Scalar("SELECT col_value FROM cloudsync_changes WHERE col_name = 'c' AND pk = cloudsync_pk_encode('k1')"));
        Assert.Equal(1L, here.Scalar("SELECT cloudsync_is_enabled('t')"));
        there.Exec("SELECT cloudsync_begin_alter('t'); ALTER TABLE t ADD COLUMN c; SELECT cloudsync_commit_alter('t'); INSERT INTO u VALUES ('r', 1)");
        here.Exec("SELECT cloudsync_init('t')");
        here.Conforms();
        OneWay.Settle(outward, back);
        Assert.Equal(here.Query("SELECT id, a, b, c FROM t ORDER BY id"), there.Query("SELECT id, a, b, c FROM t ORDER BY id"));
    }

    [Fact]
    public void Table_is_as_before_when_it_was_renamed_away_and_back()
    {
        here.Exec("ALTER TABLE t RENAME TO away");
        Assert.Equal(0L, here.Scalar("SELECT cloudsync_is_enabled('t')"));
        Assert.Throws<SqlException>(() => here.Exec("INSERT INTO away VALUES ('x', 1, 1)"));
        here.Exec("ALTER TABLE away RENAME TO t");
        here.Conforms();
        here.Exec("INSERT INTO t VALUES ('n1', 1, 1)");
        OneWay.Settle(outward, back);
        Assert.Equal(here.Query("SELECT * FROM t ORDER BY id"), there.Query("SELECT * FROM t ORDER BY id"));
    }

    [Theory]
    [InlineData("CREATE TABLE t_new(id TEXT PRIMARY KEY NOT NULL, a, b, x TEXT NOT NULL DEFAULT ''); ", "id, a, b", "x, id", "has 2 columns")]
    [InlineData("CREATE TABLE t_new(id TEXT NOT NULL, a, b); ", "id, a, b", "", "has no primary key any more")]
    public void Another_key_is_refused_with_the_cure_when_a_table_was_rebuilt(string create, string columns, string key, string text)
    {
        if (key.Length > 0)
        {
            create = "CREATE TABLE t_new(id TEXT NOT NULL, a, b, x TEXT NOT NULL DEFAULT '', PRIMARY KEY(" + key + ")); ";
        }

        here.Exec(create + $"INSERT INTO t_new({columns}) SELECT {columns} FROM t; DROP TABLE t; ALTER TABLE t_new RENAME TO t");
        foreach (string call in (string[])["SELECT cloudsync_recapture('t')", "SELECT cloudsync_recapture('t', 'values')"])
        {
            Assert.Contains(text, Assert.Throws<SqlException>(() => here.Exec(call)).Text, StringComparison.Ordinal);
        }

        Assert.Throws<SqlException>(() => here.Exec("SELECT cloudsync_init('t')"));
        Refuses(here, Read);

        // The other tables go on.
        there.Exec("INSERT INTO u VALUES ('r', 1)");
        object? payload = there.Scalar("SELECT payload FROM cloudsync_payload_chunks");
        here.Scalar("SELECT cloudsync_payload_apply(?)", payload);
        Assert.Equal(1L, here.Scalar("SELECT count(*) FROM u"));
        here.Exec("SELECT cloudsync_cleanup('t')");
        here.Conforms();
        here.Scalar(Read);
    }

    [Fact]
    public void Recapture_holds_the_filter_and_makes_no_tombstones_of_grow_only_rows()
    {
        here.Exec("CREATE TABLE g(id TEXT PRIMARY KEY NOT NULL, a); SELECT cloudsync_init('g', 'gos'); INSERT INTO g VALUES ('g1', 1), ('g2', 2);"
            + " SELECT cloudsync_set_filter('t', 'a < 100')");
        here.Exec("CREATE TABLE g2(id TEXT PRIMARY KEY NOT NULL, a); INSERT INTO g2 SELECT * FROM g WHERE id <> 'g1'; DROP TABLE g;"
            + " ALTER TABLE g2 RENAME TO g; INSERT INTO g VALUES ('g3', 3);" + Rebuild + "INSERT INTO t VALUES ('in', 1, 1), ('out', 1000, 1)");
        Assert.Equal(1L, here.Scalar("SELECT cloudsync_recapture('G')"));
        Assert.Equal(2L, here.Scalar("SELECT cloudsync_recapture('t')"));
        Assert.Equal(0L, here.Scalar("SELECT count(*) FROM g_cloudsync WHERE col_name = '__[RIP]__'"));
        Assert.Equal(0L, here.Scalar("SELECT count(*) FROM t_cloudsync WHERE pk = cloudsync_pk_encode('out')"));
        Assert.Throws<SqlException>(() => here.Exec("UPDATE g SET a = 5"));
        here.Scalar(Read);
    }

    [Theory]
    [InlineData("NULL", "cloudsync_recapture requires a non-null table parameter")]
    [InlineData("'nope'", "table 'nope' is not configured for sync. Call SELECT cloudsync_init('nope') first.")]
    [InlineData("'t', 'value'", "the second argument is 'value', it can only be 'values' or NULL")]
    [InlineData("'t', 1", "the second argument is '1', it can only be 'values' or NULL")]
    [InlineData("'t', ''", "the second argument is '', it can only be 'values' or NULL")]
    public void Recapture_refuses_by_name_when_an_argument_is_wrong(string arguments, string text)
    {
        here.Exec(Rebuild);
        List<object?[]> before = here.Query("SELECT * FROM cloudsync_table_settings");
        SqlException failure = Assert.Throws<SqlException>(() => here.Scalar($"SELECT cloudsync_recapture({arguments})"));
        Assert.Contains(text, failure.Text, StringComparison.Ordinal);
        Assert.Equal(before, here.Query("SELECT * FROM cloudsync_table_settings"));
        Assert.Equal(0L, here.Scalar("SELECT cloudsync_is_enabled('t')"));
    }

    [Fact]
    public void Recapture_refuses_when_the_table_is_gone_or_being_altered()
    {
        here.Exec("SELECT cloudsync_begin_alter('t')");
        Assert.Contains("commit_alter", Assert.Throws<SqlException>(() => here.Exec("SELECT cloudsync_recapture('t')")).Text, StringComparison.Ordinal);
        here.Exec("ROLLBACK; DROP TABLE t");
        Assert.Contains("cloudsync_cleanup('t')",
            Assert.Throws<SqlException>(() => here.Exec("SELECT cloudsync_recapture('t')")).Text, StringComparison.Ordinal);
        Assert.Equal(0L, here.Scalar("SELECT cloudsync_is_enabled('t')"));
    }

    [Fact]
    public void Recaptured_values_win_everywhere_when_values_are_asked_for()
    {
        there.Exec("UPDATE t SET a = 'theirs' WHERE id = 'k1'");
        here.Exec(Rebuild + "UPDATE t SET a = 'ours'");
        here.Exec("BEGIN; INSERT INTO u VALUES ('before', 1)");
        Assert.Equal(4L, here.Scalar("SELECT cloudsync_recapture('t', 'values')"));
        here.Exec("COMMIT");
        here.Conforms();
        long newest = (long)here.Scalar("SELECT max(db_version) FROM t_cloudsync")!;
        OneWay.Settle(outward, back);
        Assert.Equal(here.Query("SELECT * FROM t ORDER BY id"), there.Query("SELECT * FROM t ORDER BY id"));
        Assert.Equal("ours", there.Scalar("SELECT a FROM t WHERE id = 'k2'"));
        Assert.True(newest > 0);
    }

    [Fact]
    public void Nothing_is_noticed_when_a_rebuild_was_rolled_back()
    {
        here.Exec("BEGIN;" + Rebuild);
        Refuses(here, Read);
        here.Exec("ROLLBACK");
        here.Conforms();
        here.Scalar(Read);
        here.Deviates(Deviation.Rebuilt, "the table is rebuilt again");
        here.Exec("INSERT INTO u VALUES ('b', 1); BEGIN; INSERT INTO u VALUES ('a', 1); SAVEPOINT s;" + Rebuild);
        Refuses(here, Read);
        here.Exec("ROLLBACK TO s; COMMIT");
        here.Scalar(Read);
    }

    [PeerFact]
    public void Nothing_is_noticed_when_the_other_implementation_made_the_triggers()
    {
        using TempFile file = new();
        using (Database peer = Database.OpenPeer(PeerFactAttribute.Library, file.Path))
        {
            peer.Deviates(Deviation.Damaged, "another implementation works");
            peer.Exec("""
                CREATE TABLE "we""ird 't"("k ey" TEXT PRIMARY KEY NOT NULL, "a""b" INT, [c d] BLOB, `e'f`);
                CREATE TABLE comp(v, y INT NOT NULL, x TEXT NOT NULL, PRIMARY KEY(x, y)) WITHOUT ROWID;
                CREATE TABLE only(id TEXT PRIMARY KEY NOT NULL);
                CREATE TABLE g(id TEXT PRIMARY KEY NOT NULL, a);
                CREATE TABLE MixedCase(Id TEXT PRIMARY KEY NOT NULL, ColA TEXT, gen AS (ColA || 'x'));
                CREATE TABLE f(id TEXT PRIMARY KEY NOT NULL, a, b);
                SELECT cloudsync_init('we"ird ''t'); SELECT cloudsync_init('comp'); SELECT cloudsync_init('only');
                SELECT cloudsync_init('g', 'gos'); SELECT cloudsync_init('mixedcase'); SELECT cloudsync_init('f');
                SELECT cloudsync_set_filter('f', 'length(a) > 5 OR A IS NULL');
                SELECT cloudsync_begin_alter('g'); ALTER TABLE g ADD COLUMN z; SELECT cloudsync_commit_alter('g');
                INSERT INTO comp VALUES (1, 2, 'x');
                """);
        }

        using Database database = Database.Open(file.Path, readOnly: true);
        database.Deviates(Deviation.Damaged, "another implementation worked");
        Assert.Equal(1L, database.Scalar(Read));
        Assert.Equal([6L], database.Query("SELECT sum(cloudsync_is_enabled(tbl_name)) FROM (SELECT DISTINCT tbl_name FROM cloudsync_table_settings)")[0]);
        using Database writer = Database.Open(file.Path);
        writer.Deviates(Deviation.Damaged, "another implementation worked");
        Assert.Equal(0L, writer.Scalar("SELECT count(*) FROM cloudsync_table_settings WHERE key = 'chunksync_uncaptured'"));
    }

    [Theory]
    [InlineData("INSERT INTO t2 VALUES ('k4', 4, 4)")]
    [InlineData("UPDATE t2 SET a = 9")]
    [InlineData("UPDATE t2 SET id = 'k9' WHERE id = 'k1'")]
    [InlineData("DELETE FROM t2")]
    public void Write_is_refused_and_everything_goes_on_when_a_table_was_renamed_and_gets_its_name_back(string write)
    {
        here.Exec("ALTER TABLE t RENAME TO t2");
        SqlException failure = Assert.Throws<SqlException>(() => here.Exec(write));
        Assert.Contains("table t, for which this trigger was made, is gone. If it was renamed: rename it back", failure.Text, StringComparison.Ordinal);
        here.Exec((string)here.Scalar("SELECT cure FROM cloudsync_check WHERE id = 'D05' AND severity = 'error'")!);
        here.Exec(write.Replace("t2", "t", StringComparison.Ordinal));
        OneWay.Settle(outward, back);
        Assert.Equal(here.Query("SELECT * FROM t ORDER BY id"), there.Query("SELECT * FROM t ORDER BY id"));
    }

    private static void Refuses(Database database, string sql)
    {
        SqlException failure = Assert.Throws<SqlException>(() => database.Query(sql));
        Assert.Contains("table t was interrupted", failure.Text, StringComparison.Ordinal);
        Assert.Contains("cloudsync_recapture('t')", failure.Text, StringComparison.Ordinal);
        Assert.Contains("cloudsync_init('t')", failure.Text, StringComparison.Ordinal);
    }
}
