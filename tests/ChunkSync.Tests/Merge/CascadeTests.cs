using ChunkSync.Tests.Consistency;
using ChunkSync.Tests.Host;

namespace ChunkSync.Tests.Merge;

/// <summary>What foreign keys delete and change by themselves while a change is merged is captured as a local change.</summary>
public class CascadeTests
{
    private const string Family = """
        CREATE TABLE p(id TEXT PRIMARY KEY NOT NULL, u UNIQUE, n);
        CREATE TABLE c(id TEXT PRIMARY KEY NOT NULL, p TEXT REFERENCES p(id) ON DELETE CASCADE, n);
        CREATE TABLE g(id TEXT PRIMARY KEY NOT NULL, c TEXT REFERENCES c(id) ON DELETE CASCADE, n);
        CREATE TABLE s(id TEXT PRIMARY KEY NOT NULL, p TEXT DEFAULT 'other' REFERENCES p(id) ON DELETE SET NULL, u REFERENCES p(u) ON UPDATE CASCADE ON DELETE SET NULL, n);
        CREATE TABLE d(id TEXT PRIMARY KEY NOT NULL, p TEXT DEFAULT 'other' REFERENCES p(id) ON DELETE SET DEFAULT, u REFERENCES p(u) ON UPDATE SET NULL ON DELETE SET NULL, n);
        SELECT cloudsync_init('p'); SELECT cloudsync_init('c'); SELECT cloudsync_init('g'); SELECT cloudsync_init('s'); SELECT cloudsync_init('d');
        INSERT INTO p VALUES ('p', 1, 'parent'), ('other', 2, 'parent');
        """;

    private const string Children = """
        INSERT INTO c VALUES ('c1', 'p', 1), ('c2', 'p', 2), ('c3', 'other', 3);
        INSERT INTO g VALUES ('g1', 'c1', 1), ('g3', 'c3', 3);
        INSERT INTO s VALUES ('s1', 'p', 1, 1), ('s2', 'other', 2, 2);
        INSERT INTO d VALUES ('d1', 'p', 1, 1), ('d2', 'other', 2, 2);
        """;

    [Fact]
    public void Cascaded_delete_becomes_a_tombstone_when_the_sender_did_not_know_the_row()
    {
        using Database here = Open(Family + Children);
        MergeDelete(here, "p", "p");
        Assert.Equal(["c3"], Column(here, "SELECT id FROM c"));
        Assert.Equal(["g3"], Column(here, "SELECT id FROM g"));
        Assert.Equal(["c c1 __[RIP]__ 2", "c c2 __[RIP]__ 2", "d d1 p 2", "d d1 u 2", "g g1 __[RIP]__ 2", "s s1 p 2", "s s1 u 2"], NewLocal(here));
        Assert.Equal(["d1|other", "d2|other", "s1|", "s2|other"], Column(here, "SELECT id || '|' || ifnull(p, '') FROM s UNION ALL SELECT id || '|' || ifnull(p, '') FROM d ORDER BY 1"));
    }

    [Fact]
    public void Replica_without_enforced_keys_ends_with_the_same_rows_when_it_gets_what_a_cascade_did()
    {
        using Database here = Open(Family + Children);
        using Database loose = Open("", foreignKeys: false);
        loose.Exec(Family.Replace("INSERT INTO p VALUES ('p', 1, 'parent'), ('other', 2, 'parent');", "", StringComparison.Ordinal));
        HandOn(here, loose);
        MergeDelete(here, "p", "p");
        MergeColumn(here, "p", "other", "u", 22, 5);
        HandOn(here, loose);
        foreach (string table in (string[])["p", "c", "g", "s", "d"])
        {
            string sql = $"SELECT * FROM {table} ORDER BY id";
            Assert.Equal(here.Query(sql).Select(Line), loose.Query(sql).Select(Line));
        }

        // And nothing comes back that would be new.
        string before = Clocks(here);
        HandOn(loose, here);
        Assert.Equal(before, Clocks(here));
    }

    [Fact]
    public void Update_actions_become_column_changes_when_a_unique_column_of_the_parent_is_received()
    {
        using Database here = Open(Family + Children);
        MergeColumn(here, "p", "p", "u", 7, 5);
        Assert.Equal(["d d1 u 2", "s s1 u 2"], NewLocal(here));
        Assert.Equal(["7", ""], Column(here, "SELECT ifnull(u, '') FROM s WHERE id = 's1' UNION ALL SELECT ifnull(u, '') FROM d WHERE id = 'd1'"));
    }

    [Fact]
    public void Nothing_is_captured_when_a_column_is_received_that_no_key_refers_to_or_that_stays_as_it_is()
    {
        using Database here = Open(Family + Children);
        MergeColumn(here, "p", "p", "n", "new", 5);
        MergeColumn(here, "p", "p", "u", 1, 6);
        Assert.Empty(NewLocal(here));
    }

    [Fact]
    public void Nothing_is_captured_when_foreign_keys_are_off_and_it_is_when_the_same_connection_switches_them_on()
    {
        using Database here = Open(Family + Children, foreignKeys: false);
        MergeDelete(here, "p", "p");
        Assert.Empty(NewLocal(here));
        here.Exec("PRAGMA foreign_keys = ON; INSERT INTO p VALUES ('third', 3, 3); INSERT INTO c VALUES ('c4', 'third', 3)");
        MergeDelete(here, "p", "third");
        Assert.Contains("c c4 __[RIP]__ 2", NewLocal(here));
        here.Exec("PRAGMA foreign_keys = OFF; INSERT INTO c VALUES ('c9', 'gone', 1); INSERT INTO p VALUES ('gone', 9, 9)");
        int before = NewLocal(here).Count;
        MergeDelete(here, "p", "gone");
        Assert.Equal(before, NewLocal(here).Count);
    }

    [Fact]
    public void Senders_own_tombstones_leave_nothing_to_capture_when_they_come_before_the_parents()
    {
        using Database sender = Open(Family + Children);
        using Database here = Open(Family);
        HandOn(sender, here);
        sender.Exec("DELETE FROM p WHERE id = 'p'");
        HandOn(sender, here);
        Assert.Empty(NewLocal(here));
        Assert.Equal(sender.Query("SELECT * FROM s ORDER BY id").Select(Line), here.Query("SELECT * FROM s ORDER BY id").Select(Line));
    }

    [Fact]
    public void Local_db_version_of_captured_changes_is_their_own_when_a_payload_brings_more()
    {
        using Database here = Open(Family + Children);
        using Database sender = Open(Family);
        sender.Exec("BEGIN; DELETE FROM p WHERE id = 'p'; INSERT INTO p VALUES ('more', 11, 1); COMMIT");
        HandOn(sender, here);
        Assert.Equal(0L, here.Scalar("SELECT count(*) FROM (SELECT 1 FROM cloudsync_changes GROUP BY db_version, seq HAVING count(*) > 1)"));
        long version = (long)here.Scalar("SELECT db_version FROM cloudsync_changes WHERE tbl = 'c' AND cl = 2 LIMIT 1")!;
        Assert.Equal(0L, here.Scalar("SELECT count(*) FROM cloudsync_changes WHERE db_version = ? AND site_id <> cloudsync_siteid()", version));
    }

    [Theory]
    [InlineData("receive")]
    [InlineData("load")]
    [InlineData("transaction")]
    public void Cascade_is_captured_when_a_payload_comes_in_another_way(string way)
    {
        using Database here = Open(Family + Children);
        using Database sender = Open(Family);
        sender.Exec("DELETE FROM p WHERE id = 'p'");
        List<object?[]> chunks = sender.Query("SELECT payload, next_db_version FROM cloudsync_payload_chunks WHERE since_db_version = 0");
        byte[] payload = (byte[])Assert.Single(chunks)[0]!;
        switch (way)
        {
            case "receive":
                here.Scalar("SELECT cloudsync_payload_receive(?, ?, 1, 0, 0, ?, 0, 0, 1)", payload, sender.Scalar("SELECT cloudsync_siteid()"), chunks[0][1]);
                break;
            case "load":
                using (TempFile file = new())
                {
                    File.WriteAllBytes(file.Path, payload);
                    here.Scalar("SELECT cloudsync_payload_load(?)", file.Path);
                }

                break;
            default:
                here.Exec("BEGIN; INSERT INTO c VALUES ('local', 'p', 0)");
                here.Scalar("SELECT cloudsync_payload_apply(?)", payload);
                here.Exec("INSERT INTO c VALUES ('later', 'other', 0); COMMIT");
                Assert.Contains("c local __[RIP]__ 2", NewLocal(here));
                Assert.Contains("c later n 1", NewLocal(here));
                break;
        }

        Assert.Contains("g g1 __[RIP]__ 2", NewLocal(here));
        Assert.Contains("s s1 p 2", NewLocal(here));
    }

    [Fact]
    public void Cascade_is_captured_when_a_long_value_becomes_complete()
    {
        using Database here = Open(Family + Children);
        using Database sender = Open(Family);
        sender.Run("UPDATE p SET u = ? WHERE id = 'p'", new string('u', 300_000));
        List<object?[]> parts = sender.Query("SELECT payload FROM cloudsync_payload_chunks WHERE since_db_version = 1 AND max_chunk_size = 262144");
        Assert.Equal(2, parts.Count);
        parts.ForEach(part => here.Scalar("SELECT cloudsync_payload_apply(?)", part[0]));
        Assert.Equal(["d d1 u 2", "s s1 u 2"], NewLocal(here));
    }

    [Fact]
    public void Nothing_is_left_when_a_key_refuses_the_delete()
    {
        using Database here = Open(Family + Children + "CREATE TABLE r(id TEXT PRIMARY KEY NOT NULL, g TEXT REFERENCES g(id)); INSERT INTO r VALUES ('r', 'g1');");
        string before = Clocks(here);
        SqlException failure = Assert.Throws<SqlException>(() => MergeDelete(here, "p", "p"));
        Assert.Equal("FOREIGN KEY constraint failed (table p, key 'p')", failure.Text);
        Assert.Equal(before, Clocks(here));
        Assert.Equal(3L, here.Scalar("SELECT count(*) FROM c"));
        here.Exec("DELETE FROM r");
        MergeDelete(here, "p", "p");
        Assert.Contains("g g1 __[RIP]__ 2", NewLocal(here));
    }

    [Fact]
    public void Rows_are_captured_behind_a_table_that_is_not_tracked()
    {
        using Database here = Open("""
            CREATE TABLE p(id TEXT PRIMARY KEY NOT NULL, n);
            CREATE TABLE middle(id TEXT, rowid, oid, p TEXT REFERENCES p ON DELETE CASCADE, PRIMARY KEY(id));
            CREATE TABLE plain(x UNIQUE, middle TEXT REFERENCES middle(id) ON DELETE CASCADE);
            CREATE TABLE g(id TEXT PRIMARY KEY NOT NULL, middle TEXT REFERENCES middle(id) ON DELETE SET NULL, x REFERENCES plain(x) ON DELETE CASCADE);
            SELECT cloudsync_init('p'); SELECT cloudsync_init('g');
            INSERT INTO p VALUES ('p', 1); INSERT INTO middle VALUES ('m', 1, 2, 'p'); INSERT INTO plain VALUES (5, 'm');
            INSERT INTO g VALUES ('g1', 'm', NULL), ('g2', NULL, 5), ('g3', 'm', 5), ('g4', NULL, NULL);
            """);
        MergeDelete(here, "p", "p");
        Assert.Equal(["g1", "g4"], Column(here, "SELECT id FROM g ORDER BY id"));
        Assert.Equal(["g g1 middle 2", "g g2 __[RIP]__ 2", "g g3 __[RIP]__ 2"], NewLocal(here));
    }

    [Fact]
    public void Keys_are_compared_as_SQLite_compares_them()
    {
        using Database here = Open("""
            CREATE TABLE p(id TEXT PRIMARY KEY NOT NULL, a TEXT COLLATE NOCASE, b INTEGER, UNIQUE(a, b));
            CREATE TABLE c(id TEXT PRIMARY KEY NOT NULL, x TEXT, y TEXT, FOREIGN KEY(x, y) REFERENCES p(a, b) ON DELETE CASCADE ON UPDATE CASCADE);
            SELECT cloudsync_init('p'); SELECT cloudsync_init('c');
            INSERT INTO p VALUES ('p', 'Key', 5), ('q', 'other', 6);
            INSERT INTO c VALUES ('c1', 'KEY', '5'), ('c2', 'key', NULL), ('c3', NULL, '5'), ('c4', 'Other', '6');
            """);
        MergeColumn(here, "p", "q", "b", 7, 5);

        // The action writes all of the parent's values: x was 'Other'.
        Assert.Equal(["c c4 x 2", "c c4 y 2"], NewLocal(here));

        // Where only letters differ there is no action.
        MergeColumn(here, "p", "q", "a", "OTHER", 5);
        Assert.Equal(["c c4 x 2", "c c4 y 2"], NewLocal(here));
        MergeDelete(here, "p", "p");
        Assert.Equal(["c c1 __[RIP]__ 2", "c c4 x 2", "c c4 y 2"], NewLocal(here));
    }

    [Fact]
    public void Whole_tree_is_captured_when_rows_refer_to_rows_of_their_own_table()
    {
        using Database here = Open("""
            CREATE TABLE t(id TEXT PRIMARY KEY NOT NULL, parent TEXT REFERENCES t ON DELETE CASCADE, u UNIQUE, v REFERENCES t(u) ON UPDATE CASCADE);
            SELECT cloudsync_init('t');
            INSERT INTO t VALUES ('root', NULL, 1, 1), ('a', 'root', 2, 1), ('b', 'a', 3, 2), ('c', 'b', 4, NULL), ('else', NULL, 5, 5);
            UPDATE t SET parent = 'c' WHERE id = 'root';
            """);
        MergeColumn(here, "t", "root", "u", 11, 5);
        Assert.Equal(["t a v 2", "t root parent 2", "t root v 2"], NewLocal(here));
        Assert.Equal("11", here.Scalar("SELECT CAST(v AS TEXT) FROM t WHERE id = 'root'"));
        MergeDelete(here, "t", "root");
        Assert.Equal(["else"], Column(here, "SELECT id FROM t"));
        Assert.Equal(["t a __[RIP]__ 2", "t b __[RIP]__ 2", "t c __[RIP]__ 2"], NewLocal(here));
    }

    [Theory]
    [InlineData("")]
    [InlineData("WITHOUT ROWID")]
    public void Key_that_an_action_changes_is_captured_like_a_local_key_change(string option)
    {
        using Database here = Open($"""
            CREATE TABLE p(id TEXT PRIMARY KEY NOT NULL, u UNIQUE);
            CREATE TABLE c(u TEXT NOT NULL REFERENCES p(u) ON UPDATE CASCADE, n TEXT NOT NULL, v, PRIMARY KEY(u, n)) {option};
            CREATE TABLE one(u TEXT PRIMARY KEY NOT NULL REFERENCES p(u) ON UPDATE CASCADE, v) {option};
            SELECT cloudsync_init('p'); SELECT cloudsync_init('c'); SELECT cloudsync_init('one');
            INSERT INTO p VALUES ('p', 'a'), ('q', 'b'); INSERT INTO c VALUES ('a', '1', 1), ('a', '2', 2), ('b', '1', 3); INSERT INTO one VALUES ('a', 1), ('b', 2);
            """);
        MergeColumn(here, "p", "p", "u", "new", 5);
        Assert.Equal(["b|1|3", "new|1|1", "new|2|2"], Column(here, "SELECT u || '|' || n || '|' || v FROM c ORDER BY u, n"));
        using Database loose = Open("""
            CREATE TABLE p(id TEXT PRIMARY KEY NOT NULL, u UNIQUE); CREATE TABLE c(u TEXT NOT NULL, n TEXT NOT NULL, v, PRIMARY KEY(u, n));
            CREATE TABLE one(u TEXT PRIMARY KEY NOT NULL, v);
            SELECT cloudsync_init('p'); SELECT cloudsync_init('c'); SELECT cloudsync_init('one');
            """, foreignKeys: false);
        HandOn(here, loose);
        Assert.Equal(["b|1|3", "new|1|1", "new|2|2"], Column(loose, "SELECT u || '|' || n || '|' || v FROM c ORDER BY u, n"));
        Assert.Equal(["b|2", "new|1"], Column(loose, "SELECT u || '|' || v FROM one ORDER BY u"));
        Assert.Equal(2L, here.Scalar("SELECT count(*) FROM cloudsync_changes WHERE tbl = 'c' AND col_name = '__[RIP]__' AND cl = 2"));
    }

    [Fact]
    public void Filter_and_switch_of_the_childs_table_hold_when_a_cascade_reaches_it()
    {
        using Database here = Open(Family + Children + "SELECT cloudsync_set_filter('c', 'n > 1'); SELECT cloudsync_set_filter('s', 'p IS NOT NULL'); SELECT cloudsync_disable('d');");
        long version = (long)here.Scalar("SELECT cloudsync_db_version()")!;
        MergeDelete(here, "p", "p");
        Assert.Equal(["c c2 __[RIP]__ 2", "g g1 __[RIP]__ 2"], NewLocal(here, version));
    }

    [Fact]
    public void Grow_only_children_get_no_tombstones_when_a_cascade_deletes_them()
    {
        using Database here = Open("""
            CREATE TABLE p(id TEXT PRIMARY KEY NOT NULL, n);
            CREATE TABLE log(id TEXT PRIMARY KEY NOT NULL, p TEXT REFERENCES p ON DELETE CASCADE);
            SELECT cloudsync_init('p'); SELECT cloudsync_init('log', 'gos'); INSERT INTO p VALUES ('p', 1); INSERT INTO log VALUES ('l', 'p');
            """);
        MergeDelete(here, "p", "p");
        Assert.Empty(NewLocal(here));
        Assert.Equal(0L, here.Scalar("SELECT count(*) FROM log_cloudsync"));
    }

    [Fact]
    public void Row_is_captured_under_its_new_key_when_it_refers_to_itself_with_its_key()
    {
        using Database here = Open("""
            CREATE TABLE t(id TEXT PRIMARY KEY NOT NULL REFERENCES t(u) ON UPDATE CASCADE, u UNIQUE, n); SELECT cloudsync_init('t');
            INSERT INTO t VALUES ('a', 'a', 1);
            """);
        MergeColumn(here, "t", "a", "u", "b", 5);
        Assert.Equal(["b|b|1"], Column(here, "SELECT id || '|' || u || '|' || n FROM t"));
        Assert.Equal(["t a __[RIP]__ 2"], NewLocal(here));
    }

    [Fact]
    public void What_triggers_of_the_user_write_stays_uncaptured_when_a_cascade_runs_too()
    {
        using Database here = Open("").Deviates(Deviation.UserTrigger, "what the trigger writes is not captured");
        here.Exec(Family + Children + """
            CREATE TABLE history(id TEXT PRIMARY KEY NOT NULL, what); SELECT cloudsync_init('history');
            CREATE TRIGGER remember AFTER DELETE ON c BEGIN INSERT INTO history VALUES (OLD.id, 'deleted'); UPDATE g SET n = 99 WHERE id = 'g3'; END;
            """);
        MergeDelete(here, "p", "p");
        Assert.Equal(2L, here.Scalar("SELECT count(*) FROM history"));
        Assert.DoesNotContain(NewLocal(here), line => line.StartsWith("history", StringComparison.Ordinal) || line.StartsWith("g g3", StringComparison.Ordinal));
        Assert.Contains("g g1 __[RIP]__ 2", NewLocal(here));
    }

    [Fact]
    public void Row_that_a_trigger_keeps_is_not_captured_as_deleted()
    {
        using Database here = Open(Family + Children + "CREATE TRIGGER keep BEFORE DELETE ON g BEGIN SELECT RAISE(IGNORE); END; PRAGMA defer_foreign_keys = ON");
        here.Exec("BEGIN; PRAGMA defer_foreign_keys = ON");
        MergeDelete(here, "p", "p");
        Assert.DoesNotContain(NewLocal(here), line => line.StartsWith("g ", StringComparison.Ordinal));
        here.Exec("ROLLBACK");
    }

    [Fact]
    public void New_keys_are_seen_when_the_schema_changes_between_two_merges()
    {
        using Database here = Open(Family + Children);
        MergeColumn(here, "p", "p", "n", 1, 9);
        here.Exec("CREATE TABLE late(id TEXT PRIMARY KEY NOT NULL, p TEXT REFERENCES p ON DELETE CASCADE); SELECT cloudsync_init('late'); INSERT INTO late VALUES ('l', 'p')");
        MergeDelete(here, "p", "p");
        Assert.Contains("late l __[RIP]__ 2", NewLocal(here));
    }

    [Fact]
    public void Thousands_of_children_are_captured_and_undone_with_the_transaction()
    {
        using Database here = Open(Family);
        here.Exec("CREATE INDEX c_p ON c(p); CREATE INDEX g_c ON g(c); WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 5000) INSERT INTO c SELECT 'c' || i, 'p', i FROM n;"
            + " WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 5000) INSERT INTO g SELECT 'g' || i, 'c' || i, zeroblob(i % 50) FROM n");
        string before = (string)here.Scalar("SELECT count(*) || ' ' || sum(col_version) || ' ' || max(db_version) FROM cloudsync_changes")!;
        here.Exec("BEGIN");
        MergeDelete(here, "p", "p");
        Assert.Equal(10_000L, here.Scalar("SELECT count(*) FROM cloudsync_changes WHERE cl = 2 AND site_id = cloudsync_siteid()"));
        here.Exec("ROLLBACK");
        Assert.Equal(before, here.Scalar("SELECT count(*) || ' ' || sum(col_version) || ' ' || max(db_version) FROM cloudsync_changes"));
        MergeDelete(here, "p", "p");
        Assert.Equal(10_000L, here.Scalar("SELECT count(*) FROM cloudsync_changes WHERE cl = 2 AND site_id = cloudsync_siteid()"));
    }

    private static Database Open(string sql, bool foreignKeys = true)
    {
        Database database = Database.Open();
        database.Exec((foreignKeys ? "PRAGMA foreign_keys = ON; " : "") + sql);
        return database;
    }

    private static void MergeDelete(Database database, string table, string key) =>
        new ForgedChange(table, key, "__[RIP]__", null, 2L, 1L, 2L, 0L).Insert(database);

    private static void MergeColumn(Database database, string table, string key, string column, object? value, long version) =>
        new ForgedChange(table, key, column, value, version, 1L, 1L, 0L).Insert(database);

    /// <summary>The local changes that are not the first of their row's columns: "tbl key column version".</summary>
    private static List<string> NewLocal(Database database, long? since = null)
    {
        string condition = since == null ? "(col_version > 1 OR tbl IN ('later') OR db_version > 20 OR cloudsync_pk_decode(pk, 1) = 'later')" : "db_version > " + since;
        return Column(database, "SELECT tbl || ' ' || cloudsync_pk_decode(pk, 1) || ' ' || col_name || ' ' || col_version FROM cloudsync_changes"
            + $" WHERE site_id = cloudsync_siteid() AND {condition} ORDER BY tbl, 1");
    }

    private static List<string> Column(Database database, string sql) => [.. database.Query(sql).Select(row => Convert.ToString(row[0], null)!)];

    private static string Line(object?[] row) => string.Join(",", row.Select(FixtureValues.Describe));

    private static string Clocks(Database database) => string.Join("\n", database.Query(
        "SELECT tbl, pk, col_name, col_version, cl, site_id FROM cloudsync_changes ORDER BY 1, 2, 3").Select(Line));

    private static void HandOn(Database from, Database to) =>
        from.Query("SELECT payload FROM cloudsync_payload_chunks WHERE since_db_version = 0 AND site_id = zeroblob(16) AND exclude_filter_site_id = 1")
            .ForEach(row => to.Scalar("SELECT cloudsync_payload_apply(?)", row[0]));
}
