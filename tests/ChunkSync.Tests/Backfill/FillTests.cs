using ChunkSync.Tests.Host;

namespace ChunkSync.Tests.Backfill;

/// <summary>The functions that capture a table in slices, one behaviour at a time.</summary>
public class FillTests
{
    private const string Table = "CREATE TABLE t(id TEXT PRIMARY KEY NOT NULL, a, b);";

    private const string Rows =
        "WITH RECURSIVE c(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM c WHERE i < 100) INSERT INTO t SELECT printf('k%03d', i), i, 'b' FROM c;";

    private const string Clocks = "SELECT hex(pk) || ' ' || col_name || ' ' || col_version FROM t_cloudsync ORDER BY pk, col_name";

    [Fact]
    public void Fill_gives_the_clocks_of_init_when_nothing_is_written_meanwhile()
    {
        using Database database = Filling();
        object? site = database.Scalar("SELECT lower(hex(site_id)) FROM cloudsync_site_id WHERE rowid = 0");
        Assert.Equal(site, database.Scalar("SELECT cloudsync_backfill_begin('t')"));
        Assert.Equal(0L, database.Scalar("SELECT count(*) FROM t_cloudsync"));
        Assert.Equal(40L, database.Scalar("SELECT cloudsync_backfill_step('t', 40)"));
        Assert.Equal("t|filling|40|100|1|[\"k040\"]|1|1", Progress(database));
        Assert.Equal(60L, database.Scalar("SELECT cloudsync_backfill_run('t', 25)"));
        Assert.Equal("t|done|100|100|4|[\"k100\"]|1|4", Progress(database));
        Assert.Equal(0L, database.Scalar("SELECT cloudsync_backfill_step('t')"));
        Assert.Equal(0L, database.Scalar("SELECT cloudsync_backfill_run('t')"));

        using Database other = Database.Open();
        other.Exec(Table + Rows + "SELECT cloudsync_init('t')");
        Assert.Equal(other.Query(Clocks), database.Query(Clocks));
        Assert.Equal("1|40 2|25 3|25 4|10", database.Scalar(
            "SELECT group_concat(v, ' ') FROM (SELECT db_version || '|' || count(DISTINCT pk) AS v FROM t_cloudsync GROUP BY db_version ORDER BY db_version)"));
        Assert.Equal(Marks(other), Marks(database));

        // Nothing to do for an init: it locks nothing.
        database.Exec("PRAGMA query_only = ON; SELECT cloudsync_init('t'); PRAGMA query_only = OFF");
    }

    [Fact]
    public void Init_returns_at_once_when_the_table_is_being_filled()
    {
        using Database database = Filling();
        database.Exec("PRAGMA query_only = ON; SELECT cloudsync_init('t'); SELECT cloudsync_backfill_begin('t'); PRAGMA query_only = OFF");
        Assert.Equal(0L, database.Scalar("SELECT count(*) FROM t_cloudsync"));
        Assert.Equal(100L, database.Scalar("SELECT cloudsync_backfill_step('t', 9223372036854775807)"));
        Assert.Equal(200L, database.Scalar("SELECT count(*) FROM t_cloudsync"));
        Assert.Equal("done", database.Scalar("SELECT state FROM cloudsync_backfill_progress"));
    }

    [Fact]
    public void Begin_starts_again_when_the_table_is_tracked_and_not_being_filled()
    {
        using Database database = Database.Open();
        database.Exec(Table + Rows + "SELECT cloudsync_init('t')");
        database.Deviates(Consistency.Deviation.Disabled, "clocks are deleted by hand");
        database.Exec("DELETE FROM t_cloudsync WHERE pk = cloudsync_pk_encode('k050')");
        database.Exec("SELECT cloudsync_backfill_begin('t')");
        Assert.Equal("t|filling|0|100|0|||", Progress(database));
        Assert.Equal(100L, database.Scalar("SELECT cloudsync_backfill_run('t')"));
        Assert.Equal(1L, database.Scalar("SELECT count(*) FROM t_cloudsync WHERE pk = cloudsync_pk_encode('k050') AND col_name = 'a'"));
        Assert.Equal("t|done|100|100|1|[\"k100\"]|2|2", Progress(database));
    }

    [Fact]
    public void Pending_row_is_captured_first_when_it_is_updated_or_its_key_changes()
    {
        using Database database = Filling();
        database.Exec("SELECT cloudsync_backfill_step('t', 10); UPDATE t SET a = -1 WHERE id = 'k050'; UPDATE t SET id = 'z' WHERE id = 'k060';"
            + "UPDATE t SET a = -1 WHERE id = 'k005'; DELETE FROM t WHERE id = 'k070'; REPLACE INTO t VALUES ('k080', 1, 2)");
        Assert.Equal("a2b1", Versions(database, "k050"));
        Assert.Equal("a2b1", Versions(database, "k005"));
        Assert.Equal("__[RIP]__2", Versions(database, "k060"));
        Assert.Equal("__[RIP]__2", Versions(database, "k070"));
        Assert.Equal("a2b2", Versions(database, "k080"));
        Assert.Equal(89L, database.Scalar("SELECT cloudsync_backfill_run('t', 7)"));
        Assert.Equal("a2b1", Versions(database, "k050"));
        Assert.Equal("a1b1", Versions(database, "k090"));
    }

    [Fact]
    public void New_row_is_one_version_ahead_when_its_key_is_behind_the_position()
    {
        using Database database = Filling();
        database.Exec("SELECT cloudsync_backfill_step('t', 10); INSERT INTO t VALUES ('k0051', 1, 1), ('k0999', 1, 1)");
        Assert.Equal("a1b1", Versions(database, "k0051"));
        Assert.Equal("a2b2", Versions(database, "k0999"));
        database.Exec("SELECT cloudsync_backfill_run('t'); INSERT INTO t VALUES ('z', 1, 1)");
        Assert.Equal("a1b1", Versions(database, "z"));
    }

    [Fact]
    public void Local_value_wins_a_tie_when_a_change_of_a_pending_row_is_merged()
    {
        using Database database = Filling();
        database.Exec("SELECT cloudsync_backfill_step('t', 10)");
        using Database peer = Database.Open();
        peer.Exec(Table + "SELECT cloudsync_init('t'); INSERT INTO t VALUES ('k050', 0, 'c')");
        _ = new OneWay(peer, database).Send();

        // 50 is greater than 0, 'c' than 'b', and both have version 1.
        Assert.Equal("50|c", database.Scalar("SELECT a || '|' || b FROM t WHERE id = 'k050'"));
        Assert.Equal("a1b1", Versions(database, "k050"));
        Assert.Equal(0L, database.Scalar(
            "SELECT count(*) FROM (SELECT 1 FROM t_cloudsync GROUP BY db_version, seq HAVING count(*) > 1)"));
        database.Exec("SELECT cloudsync_backfill_run('t')");
    }

    [Theory]
    [InlineData("ROLLBACK")]
    [InlineData("ROLLBACK TO s; RELEASE s; COMMIT")]
    public void Fill_is_where_it_was_when_the_transaction_around_a_slice_is_undone(string undo)
    {
        using Database database = Filling();
        database.Exec("SELECT cloudsync_backfill_step('t', 10)");
        database.Exec("BEGIN; UPDATE t SET a = 7 WHERE id = 'k001'; SAVEPOINT s; SELECT cloudsync_backfill_step('t', 60); UPDATE t SET a = 8 WHERE id = 'k060';"
            + "SELECT cloudsync_backfill_step('t', 60)");
        Assert.Equal("done", database.Scalar("SELECT state FROM cloudsync_backfill_progress"));
        database.Exec(undo);
        Assert.Equal("t|filling|10|100|1|[\"k010\"]|1|1", Progress(database));
        database.Exec("UPDATE t SET a = 9 WHERE id = 'k060'");
        Assert.Equal("a2b1", Versions(database, "k060"));
        Assert.Equal(90L, database.Scalar("SELECT cloudsync_backfill_run('t')"));
        Assert.Equal("a1b1", Versions(database, "k100"));
    }

    [Fact]
    public void Begin_leaves_nothing_when_it_is_undone()
    {
        using Database database = Database.Open();
        database.Exec(Table + Rows + "BEGIN; SELECT cloudsync_backfill_begin('t'); SELECT cloudsync_backfill_step('t', 5); UPDATE t SET a = 1; ROLLBACK");
        Assert.Equal(0L, database.Scalar("SELECT count(*) FROM sqlite_master WHERE name LIKE 'cloudsync%'"));
        Assert.Equal("cloudsync_backfill_step: table t has no backfill; begin one with cloudsync_backfill_begin('t')",
            Refusal(database, "SELECT cloudsync_backfill_step('t')"));
        database.Exec("UPDATE t SET a = 2; SELECT cloudsync_backfill_begin('t'); SELECT cloudsync_backfill_run('t')");
        Assert.Equal("a1b1", Versions(database, "k100"));
    }

    [Fact]
    public void Slice_has_a_version_of_its_own_when_it_runs_inside_the_callers_transaction()
    {
        using Database database = Filling();
        database.Exec("BEGIN; INSERT INTO t VALUES ('a', 1, 1); SELECT cloudsync_backfill_step('t', 10); INSERT INTO t VALUES ('b', 1, 1);"
            + "SELECT cloudsync_backfill_step('t', 10); COMMIT; INSERT INTO t VALUES ('c', 1, 1)");
        Assert.Equal("1:1 2:9 3:1 4:10 5:1", database.Scalar("SELECT group_concat(v, ' ') FROM (SELECT db_version || ':' || count(DISTINCT pk) AS v"
            + " FROM t_cloudsync GROUP BY db_version ORDER BY db_version)"));
        database.Exec("SELECT cloudsync_backfill_run('t')");
    }

    [Fact]
    public void Key_with_null_stops_the_fill_before_its_slice_when_it_is_met()
    {
        using Database database = Database.Open();
        database.Exec("CREATE TABLE t(id TEXT PRIMARY KEY, a); INSERT INTO t VALUES ('b', 1), ('a', 1), ('c', 1); SELECT cloudsync_backfill_begin('t')");
        database.Deviates(Consistency.Deviation.Disabled, "a row is written while capture is off");
        database.Exec("SELECT cloudsync_disable('t'); INSERT INTO t VALUES (NULL, 7); SELECT cloudsync_enable('t')");
        Assert.Equal("Insert aborted because primary key in table t contains NULL values.", Refusal(database, "SELECT cloudsync_backfill_step('t')"));
        Assert.Equal("t|filling|0|3|0|||", Progress(database));
        Assert.Equal(0L, database.Scalar("SELECT count(*) FROM t_cloudsync"));
        database.Exec("SELECT cloudsync_disable('t'); UPDATE t SET id = 'n' WHERE a = 7; SELECT cloudsync_enable('t')");
        Assert.Equal(4L, database.Scalar("SELECT cloudsync_backfill_run('t')"));
        database.Conforms();
    }

    [Theory]
    [InlineData("SELECT cloudsync_backfill_step('u')", "cloudsync_backfill_step: table u has no backfill; begin one with cloudsync_backfill_begin('u')")]
    [InlineData("SELECT cloudsync_backfill_run('u')", "cloudsync_backfill_run: table u has no backfill; begin one with cloudsync_backfill_begin('u')")]
    [InlineData("SELECT cloudsync_backfill_step('nowhere')", "cloudsync_backfill_step: table nowhere has no backfill; begin one with cloudsync_backfill_begin('nowhere')")]
    [InlineData("SELECT cloudsync_backfill_step(NULL)", "cloudsync_backfill_step: a table name is needed, as in cloudsync_backfill_step('items')")]
    [InlineData("SELECT cloudsync_backfill_step('t', 0)", "cloudsync_backfill_step: max_rows must be an integer of at least 1, not 0")]
    [InlineData("SELECT cloudsync_backfill_run('t', 'x')", "cloudsync_backfill_run: max_rows must be an integer of at least 1, not 'x'")]
    [InlineData("SELECT cloudsync_backfill_step('t', NULL, -1)", "cloudsync_backfill_step: max_ms must be an integer of at least 0, not -1")]
    [InlineData("BEGIN; SELECT cloudsync_backfill_run('t')", "cloudsync_backfill_run: call it outside a transaction, or use cloudsync_backfill_step")]
    [InlineData("INSERT INTO u SELECT cloudsync_backfill_step('t'), 1",
        "this cannot run inside a statement that writes to the database: call it in a SELECT of its own")]
    [InlineData("SELECT cloudsync_begin_alter('t')", "cloudsync_begin_alter: the backfill of t is not finished: call cloudsync_backfill_run('t') first")]
    [InlineData("SELECT cloudsync_recapture('t')", "cloudsync_recapture: the backfill of t is not finished: call cloudsync_backfill_run('t') first")]
    [InlineData("SELECT cloudsync_backfill_begin(NULL)", "cloudsync_backfill_begin requires a non-null table parameter")]
    [InlineData("SELECT cloudsync_backfill_begin('nowhere')", "Table nowhere does not exist")]
    [InlineData("SELECT cloudsync_backfill_begin('cloudsync_backfill_state')", null)]
    [InlineData("SELECT cloudsync_backfill_begin('t', 'gos')", "The function cloudsync_cleanup(table) must be called before changing a table algorithm")]
    public void Call_is_refused_and_changes_nothing_when_it_makes_no_sense(string sql, string? text)
    {
        using Database database = Filling();
        database.Exec("CREATE TABLE u(id TEXT PRIMARY KEY NOT NULL, a)");
        string refusal = Refusal(database, sql);
        Assert.True(text == null || refusal == text, refusal);
        if (database.InTransaction)
        {
            database.Exec("ROLLBACK");
        }

        Assert.Equal("t|filling|0|100|0|||", Progress(database));
        Assert.Equal(0L, database.Scalar("SELECT (SELECT count(*) FROM t_cloudsync) + (SELECT count(*) FROM u)"));
    }

    [Fact]
    public void Slice_ends_early_when_its_time_is_over()
    {
        using Database database = Filling();
        database.Exec("WITH RECURSIVE c(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM c WHERE i < 30000) INSERT INTO t SELECT 'm' || i, i, 'b' FROM c;"
            + "SELECT cloudsync_cleanup('t'); SELECT cloudsync_backfill_begin('t')");
        long rows = (long)database.Scalar("SELECT cloudsync_backfill_step('t', 1000000, 1)")!;
        Assert.InRange(rows, 1, 30_099);
        Assert.Equal("filling", database.Scalar("SELECT state FROM cloudsync_backfill_progress"));
        Assert.Equal(30_100 - rows, database.Scalar("SELECT cloudsync_backfill_run('t', 1000000)"));
    }

    [Fact]
    public void Fill_is_forgotten_when_the_table_is_cleaned_up()
    {
        using Database database = Filling();
        database.Exec("CREATE TABLE u(id TEXT PRIMARY KEY NOT NULL, a); SELECT cloudsync_init('u'); SELECT cloudsync_backfill_step('t', 10); SELECT cloudsync_cleanup('t')");
        Assert.Equal(0L, database.Scalar("SELECT count(*) FROM cloudsync_backfill_progress"));
        Assert.Equal(0L, database.Scalar("SELECT count(*) FROM cloudsync_backfill_state"));
        database.Exec("SELECT cloudsync_init('t')");
        Assert.Equal(200L, database.Scalar("SELECT count(*) FROM t_cloudsync"));
        database.Exec("SELECT cloudsync_cleanup('t'); SELECT cloudsync_cleanup('u')");
        Assert.Equal(0L, database.Scalar("SELECT count(*) FROM sqlite_master WHERE name LIKE 'cloudsync%'"));
    }

    [Fact]
    public void Table_of_states_is_not_there_when_no_fill_has_begun()
    {
        using Database database = Database.Open();
        database.Exec(Table + Rows + "SELECT cloudsync_init('t')");
        Assert.Equal(0L, database.Scalar("SELECT count(*) FROM cloudsync_backfill_progress"));
        Assert.Equal(0L, database.Scalar("SELECT count(*) FROM sqlite_master WHERE name LIKE '%backfill%'"));
    }

    [Fact]
    public void Rows_are_captured_by_their_columns_when_a_column_is_added_meanwhile()
    {
        using Database database = Filling();
        database.Exec("SELECT cloudsync_backfill_step('t', 50)");
        database.Deviates(Consistency.Deviation.PlainAlter, "a column is added without begin and commit");
        database.Exec("ALTER TABLE t ADD COLUMN c");
        Assert.Equal(100L, database.Scalar("SELECT cloudsync_backfill_run('t', 7)"));
        Assert.Equal(300L, database.Scalar("SELECT count(*) FROM t_cloudsync WHERE col_version = 1"));
        database.Exec("SELECT cloudsync_init('t')");
        database.Conforms();
    }

    [Fact]
    public void Added_columns_are_captured_when_a_fill_looks_through_a_tracked_table()
    {
        using Database database = Database.Open();
        database.Exec(Table + Rows + "SELECT cloudsync_init('t')");
        database.Deviates(Consistency.Deviation.PlainAlter, "a column is added without begin and commit");
        database.Exec("ALTER TABLE t ADD COLUMN c; SELECT cloudsync_backfill_begin('t')");
        Assert.Equal(100L, database.Scalar("SELECT cloudsync_backfill_run('t', 7)"));
        Assert.Equal(300L, database.Scalar("SELECT count(*) FROM t_cloudsync WHERE col_version = 1"));
        database.Conforms();
    }

    [Fact]
    public void Rows_that_were_written_while_disabled_are_found_by_init_when_the_fill_is_done()
    {
        using Database database = Filling();
        database.Deviates(Consistency.Deviation.Disabled, "rows are written while capture is off");
        database.Exec("SELECT cloudsync_backfill_step('t', 50); SELECT cloudsync_disable('t'); INSERT INTO t VALUES ('a', 1, 1); SELECT cloudsync_enable('t')");
        database.Exec("SELECT cloudsync_backfill_run('t')");
        Assert.Equal("", Versions(database, "a"));
        database.Exec("SELECT cloudsync_init('t')");
        Assert.Equal("a1b1", Versions(database, "a"));
        database.Conforms();
    }

    [Fact]
    public void Another_connection_goes_on_when_one_has_begun()
    {
        using TempFile file = new();
        using Database first = Database.Open(file.Path);
        using Database second = Database.Open(file.Path);
        first.Exec("PRAGMA journal_mode = WAL;" + Table + Rows);
        Assert.Equal(0L, second.Scalar("SELECT count(*) FROM cloudsync_backfill_progress"));
        first.Exec("SELECT cloudsync_backfill_begin('t')");
        second.Exec("UPDATE t SET a = 0 WHERE id = 'k100'; SELECT cloudsync_backfill_step('t', 30)");
        Assert.Equal("a2b1", Versions(first, "k100"));
        first.Exec("UPDATE t SET a = 0 WHERE id IN ('k030', 'k031'); SELECT cloudsync_backfill_step('t', 30)");
        Assert.Equal("a2b1a2b1", Versions(second, "k030") + Versions(second, "k031"));
        Assert.Equal(40L, second.Scalar("SELECT cloudsync_backfill_run('t', 10)"));
        first.Exec("INSERT INTO t VALUES ('z', 1, 1)");
        Assert.Equal("a1b1", Versions(second, "z"));
        Assert.Equal("t|done|100|100|6|[\"k100\"]|2|8", Progress(first));
        using Database reader = Database.Open(file.Path, readOnly: true);
        Assert.Equal(0L, reader.Scalar("SELECT cloudsync_backfill_step('t')"));
        Assert.Equal("done", reader.Scalar("SELECT state FROM cloudsync_backfill_progress"));
    }

    [Fact]
    public void Filter_that_is_set_meanwhile_hides_what_it_leaves_out()
    {
        using Database database = Filling();
        using Database other = Database.Open();
        other.Exec(Table + Rows + "SELECT cloudsync_init('t')");
        database.Exec("SELECT cloudsync_backfill_step('t', 10)");
        foreach (Database one in (Database[])[database, other])
        {
            one.Exec("SELECT cloudsync_set_filter('t', 'a % 2'); UPDATE t SET a = 51 WHERE id = 'k050'; UPDATE t SET b = 2 WHERE id = 'k051'");
        }

        database.Exec("SELECT cloudsync_backfill_run('t', 10)");
        Assert.Equal(other.Query(Clocks), database.Query(Clocks));
    }

    [Theory]
    [InlineData("TEXT", "id", "'k1'", "'k2'", 0)]
    [InlineData("INTEGER", "id", "1", "2", 1)]
    [InlineData("INTEGER", "rowid", "1", "2", 1)]
    public void Clocks_stay_when_update_replaces_a_pending_row_by_one_outside_the_filter(string type, string column, string from, string to, long flags)
    {
        List<object?[]>[] states = [.. ((string[])["init", "backfill_begin"]).Select(begin =>
        {
            using Database database = Database.Open();
            database.Exec($"CREATE TABLE t(id {type} PRIMARY KEY NOT NULL, a); SELECT cloudsync_init('t', 'cls', {flags}); SELECT cloudsync_set_filter('t', 'a > 0')");
            database.Deviates(Consistency.Deviation.Disabled, "rows are written before they are captured");
            database.Exec($"SELECT cloudsync_disable('t'); INSERT INTO t VALUES ({from}, -1), ({to}, 5); SELECT cloudsync_enable('t');"
                + $"SELECT cloudsync_{begin}('t', 'cls', {flags}); UPDATE OR REPLACE t SET {column} = {to} WHERE id = {from}");
            Assert.Equal(-1L, database.Scalar("SELECT a FROM t"));
            database.Exec($"UPDATE t SET a = 7 WHERE id = {to}");
            if (begin != "init")
            {
                database.Exec("SELECT cloudsync_backfill_run('t')");
            }

            return database.Query("SELECT hex(pk), col_name, col_version FROM t_cloudsync ORDER BY 1, 2");
        })];
        Assert.Equal(states[0], states[1]);
        Assert.Equal(2L, Assert.Single(states[1])[2]);
    }

    [Fact]
    public void Attached_table_of_the_same_name_is_left_alone_when_main_is_filled()
    {
        using TempFile file = new();
        using (Database other = Database.Open(file.Path))
        {
            other.Exec(Table + Rows);
        }

        using Database database = Filling();
        database.Exec($"ATTACH '{file.Path}' AS aux; SELECT cloudsync_backfill_step('t', 10); UPDATE aux.t SET a = 0; DELETE FROM aux.t WHERE id > 'k050'");
        Assert.Equal("a1b1", Versions(database, "k010"));
        Assert.Equal(90L, database.Scalar("SELECT cloudsync_backfill_run('t')"));
        Assert.Equal(200L, database.Scalar("SELECT count(*) FROM t_cloudsync"));
    }

    private static Database Filling()
    {
        Database database = Database.Open();
        database.Exec(Table + Rows + "SELECT cloudsync_backfill_begin('t')");
        return database;
    }

    private static string Progress(Database database) => string.Join('|', database.Query(
        "SELECT tbl, state, rows_done, rows_total, slices, position, first_db_version, last_db_version FROM cloudsync_backfill_progress")[0]);

    private static object? Marks(Database database) => database.Scalar(
        "SELECT group_concat(v, ' ') FROM (SELECT key || '=' || value AS v FROM cloudsync_table_settings ORDER BY key)");

    private static string Versions(Database database, string key) => (string)database.Scalar(
        "SELECT coalesce(group_concat(v, ''), '') FROM (SELECT col_name || col_version AS v FROM t_cloudsync WHERE pk = cloudsync_pk_encode(?) ORDER BY col_name)",
        key)!;

    private static string Refusal(Database database, string sql) => Assert.Throws<SqlException>(() => database.Exec(sql)).Text;
}
