using ChunkSync.Tests.Host;

namespace ChunkSync.Tests.Capture;

public class CaptureTests
{
    private const string Clocks =
        "SELECT cloudsync_pk_decode(pk, 1) || ' ' || col_name || ':' || col_version || ' @' || db_version || '.' || seq"
        + " FROM t_cloudsync ORDER BY pk, col_name";

    [Fact]
    public void Clocks_follow_the_specification_when_rows_live_and_die()
    {
        using Database database = NewTable();
        database.Exec("INSERT INTO t VALUES ('x', 1, 2)");
        Assert.Equal(["x a:1 @1.0", "x b:1 @1.1"], Rows(database));
        database.Exec("UPDATE t SET a = 5");
        Assert.Equal(["x a:2 @2.0", "x b:1 @1.1"], Rows(database));
        database.Exec("DELETE FROM t");
        Assert.Equal(["x __[RIP]__:2 @3.0"], Rows(database));
        database.Exec("INSERT INTO t VALUES ('x', 1, 2)");
        Assert.Equal(["x __[RIP]__:3 @4.0", "x a:1 @4.1", "x b:1 @4.2"], Rows(database));
        database.Exec("DELETE FROM t");
        database.Exec("BEGIN; INSERT INTO t VALUES ('x', 1, 2); DELETE FROM t; INSERT INTO t VALUES ('x', 1, 2); COMMIT");
        Assert.StartsWith("x __[RIP]__:7 @6.", Rows(database)[0]);
    }

    [Fact]
    public void Replace_uses_up_one_seq_when_the_row_has_no_sentinel()
    {
        using Database database = NewTable();
        database.Exec("INSERT INTO t VALUES ('x', 1, 2); INSERT OR REPLACE INTO t VALUES ('x', 3, 4)");
        Assert.Equal(["x a:2 @2.1", "x b:2 @2.2"], Rows(database));
    }

    [Fact]
    public void Key_change_moves_the_clocks_when_a_row_is_renamed()
    {
        using Database database = NewTable();
        database.Exec("INSERT INTO t VALUES ('x', 1, 2); UPDATE t SET id = 'y', b = 7");
        Assert.Equal(
            ["x __[RIP]__:2 @2.0", "y __[RIP]__:1 @2.3", "y a:1 @2.1", "y b:2 @2.4"], Rows(database));
    }

    [Fact]
    public void Text_behind_a_nul_is_captured_when_only_that_changes()
    {
        using Database database = NewTable();
        database.Exec("INSERT INTO t VALUES ('x', 'a' || char(0) || 'b', 1); UPDATE t SET a = 'a' || char(0) || 'c'");
        Assert.Equal("x a:2 @2.0", Rows(database)[0]);
    }

    [Fact]
    public void Transaction_shares_one_version_when_statements_and_savepoints_mix()
    {
        using Database database = NewTable();
        database.Exec("BEGIN; INSERT INTO t VALUES ('x', 1, 2); SAVEPOINT s; INSERT INTO t VALUES ('y', 1, 2); ROLLBACK TO s;"
            + " INSERT INTO t VALUES ('z', 1, 2); COMMIT");
        Assert.Equal(["x a:1 @1.0", "x b:1 @1.1", "z a:1 @1.4", "z b:1 @1.5"], Rows(database));
        Assert.Equal(1L, database.Scalar("SELECT cloudsync_db_version()"));
    }

    [Fact]
    public void Version_is_given_back_when_a_transaction_rolls_back()
    {
        using Database database = NewTable();
        database.Exec("INSERT INTO t VALUES ('x', 1, 2); BEGIN; INSERT INTO t VALUES ('y', 1, 2); ROLLBACK; INSERT INTO t VALUES ('z', 1, 2)");
        Assert.Equal(["x a:1 @1.0", "x b:1 @1.1", "z a:1 @2.0", "z b:1 @2.1"], Rows(database));
    }

    [Fact]
    public void Version_is_given_back_when_a_statement_fails()
    {
        using Database database = NewTable();
        database.Exec("INSERT INTO t VALUES ('x', 1, 2)");
        Assert.Throws<SqlException>(() => database.Exec("INSERT INTO t VALUES ('y', 1, 2), ('x', 1, 2)"));
        database.Exec("INSERT INTO t VALUES ('z', 1, 2)");
        Assert.Equal(["x a:1 @1.0", "x b:1 @1.1", "z a:1 @2.0", "z b:1 @2.1"], Rows(database));
    }

    [Theory]
    [InlineData("INSERT INTO t VALUES (NULL, 1, 2)", "Insert")]
    [InlineData("UPDATE t SET id = NULL", "Update")]
    public void Null_key_is_refused_when_a_row_is_written(string sql, string operation)
    {
        using Database database = Database.Open();
        database.Exec("CREATE TABLE t(id TEXT PRIMARY KEY, a, b); SELECT cloudsync_init('t'); INSERT INTO t VALUES ('x', 1, 2)");
        SqlException failure = Assert.Throws<SqlException>(() => database.Exec(sql));
        Assert.Equal($"{operation} aborted because primary key in table t contains NULL values.", failure.Text);
        Assert.Equal(1L, database.Scalar("SELECT count(*) FROM t"));
    }

    [Fact]
    public void Versions_go_on_from_the_other_when_two_connections_write()
    {
        using TempFile file = new();
        using Database first = Database.Open(file.Path);
        first.Exec("CREATE TABLE t(id TEXT PRIMARY KEY NOT NULL, a, b)");
        using Database second = Database.Open(file.Path);
        first.Exec("SELECT cloudsync_init('t'); INSERT INTO t VALUES ('x', 1, 2)");
        second.Exec("INSERT INTO t VALUES ('y', 1, 2)");
        first.Exec("INSERT INTO t VALUES ('z', 1, 2)");
        Assert.Equal(["x a:1 @1.0", "x b:1 @1.1", "y a:1 @2.0", "y b:1 @2.1", "z a:1 @3.0", "z b:1 @3.1"], Rows(second));
        Assert.Equal(3L, second.Scalar("SELECT cloudsync_db_version()"));
    }

    [Fact]
    public void Host_keeps_its_rowid_when_a_row_is_captured()
    {
        using Database database = NewTable();
        database.Exec("CREATE TABLE other(a); INSERT INTO other VALUES (1), (2), (3)");
        Assert.Equal(3, database.LastInsertRowId);
        database.Exec("INSERT INTO t VALUES ('x', 1, 2)");
        Assert.Equal(1, database.LastInsertRowId);
    }

    [Fact]
    public void Close_succeeds_without_goodbye_when_rows_were_captured()
    {
        Database database = NewTable();
        database.Exec("INSERT INTO t VALUES ('x', 1, 2); UPDATE t SET a = 7; DELETE FROM t");
        database.Scalar("SELECT payload FROM cloudsync_payload_chunks");
        database.Dispose();
    }

    [Fact]
    public void User_table_is_left_alone_when_its_name_looks_like_a_clock_table()
    {
        using Database database = NewTable();
        database.Exec("CREATE TABLE my_cloudsync(a); CREATE TABLE xcloudsync(b); INSERT INTO t VALUES ('x', 1, 2)");
        Assert.Equal(1L, database.Scalar("SELECT cloudsync_db_version()"));
        Assert.Equal(2L, database.Scalar("SELECT count(*) FROM cloudsync_changes"));
    }

    [Fact]
    public void Capture_works_when_the_schema_is_not_trusted()
    {
        using Database database = NewTable();
        database.Exec("PRAGMA trusted_schema = OFF; INSERT INTO t VALUES ('x', 1, 2); UPDATE t SET b = 3; DELETE FROM t");
        Assert.Equal(["x __[RIP]__:2 @3.0"], Rows(database));
    }

    [Fact]
    public void Versions_do_not_run_backwards_when_a_column_was_added_and_the_database_reopened()
    {
        using TempFile file = new();
        using (Database database = Database.Open(file.Path))
        {
            database.Exec("CREATE TABLE t(id TEXT PRIMARY KEY NOT NULL, a); SELECT cloudsync_init('t'); INSERT INTO t VALUES ('x', 1);"
                + " SELECT cloudsync_begin_alter('t'); ALTER TABLE t ADD COLUMN b DEFAULT 7; SELECT cloudsync_commit_alter('t');"
                + " INSERT INTO t VALUES ('y', 1, 2)");
            database.Exec("INSERT OR REPLACE INTO cloudsync_settings VALUES ('pre_alter_dbversion', '1')");
        }

        using Database reopened = Database.Open(file.Path);
        Assert.Equal(3L, reopened.Scalar("SELECT cloudsync_db_version()"));
        Assert.Equal(["x a:1 @1.0", "x b:1 @2.0", "y a:1 @3.0", "y b:1 @3.1"], Rows(reopened));
    }

    [Fact]
    public void Filter_changes_nothing_when_it_cannot_be_used()
    {
        using Database database = NewTable();
        database.Exec("INSERT INTO t VALUES ('x', 1, 2)");
        List<object?[]> before = database.Query("SELECT * FROM sqlite_master");
        SqlException failure = Assert.Throws<SqlException>(() => database.Scalar("SELECT cloudsync_set_filter('t', 'zz > ')"));
        Assert.Contains("'t'", failure.Text);
        Assert.Equal(before, database.Query("SELECT * FROM sqlite_master"));
        database.Exec("INSERT INTO t VALUES ('y', 1, 2)");
        Assert.Equal(4L, database.Scalar("SELECT count(*) FROM t_cloudsync"));
    }

    [Fact]
    public void Versions_and_tombstones_stay_when_a_filter_is_set()
    {
        using Database database = NewTable();
        database.Exec("INSERT INTO t VALUES ('x', 1, 2), ('y', 9, 2), ('z', 1, 1); DELETE FROM t WHERE id = 'z';"
            + " SELECT cloudsync_set_filter('t', 'A > 5'); INSERT INTO t VALUES ('u', 1, 1), ('v', 6, 1)");
        // Of x nothing is sent: a db_version of 0 is in no stream.
        Assert.Equal(
            ["v a:1 @3.0", "v b:1 @3.1", "x a:1 @0.0", "x b:1 @0.1", "y a:1 @1.2", "y b:1 @1.3", "z __[RIP]__:2 @2.0"], Rows(database));
        Assert.Equal(5L, database.Scalar("SELECT count(*) FROM cloudsync_changes"));
        Assert.Equal(5L, database.Scalar("SELECT sum(rows) FROM cloudsync_payload_chunks"));
        database.Exec("SELECT cloudsync_clear_filter('t')");
        Assert.Equal(
            ["u a:1 @4.0", "u b:1 @4.1", "v a:1 @3.0", "v b:1 @3.1", "x a:2 @4.2", "x b:2 @4.3", "y a:1 @1.2", "y b:1 @1.3", "z __[RIP]__:2 @2.0"],
            Rows(database));
        Assert.Equal(4L, database.Scalar("SELECT cloudsync_db_version()"));
    }

    [Theory]
    [InlineData("SELECT cloudsync_insert()")]
    [InlineData("SELECT cloudsync_delete()")]
    [InlineData("SELECT cloudsync_insert('t')")]
    [InlineData("SELECT cloudsync_insert('t', 1, 2)")]
    [InlineData("SELECT cloudsync_insert('nope', 1)")]
    [InlineData("SELECT cloudsync_update('t', 1, 2) FROM (VALUES (1),(2),(3),(4))")]
    [InlineData("SELECT cloudsync_update('nope', 1, 2)")]
    [InlineData("INSERT INTO chunksync_transaction VALUES (1)")]
    public void Trigger_function_gives_an_error_when_it_is_called_wrongly(string sql)
    {
        using Database database = NewTable();
        Assert.NotEmpty(Assert.Throws<SqlException>(() => database.Scalar(sql)).Text);
        Assert.Equal(0L, database.Scalar("SELECT count(*) FROM t_cloudsync"));
    }

    [Fact]
    public void Cleanup_drops_everything_when_the_last_table_goes()
    {
        using Database database = NewTable();
        database.Exec("INSERT INTO t VALUES ('x', 1, 2); SELECT cloudsync_cleanup('t')");
        Assert.Equal(["t"], database.Query("SELECT name FROM sqlite_master WHERE type <> 'index'").Select(row => row[0]));
        database.Exec("INSERT INTO t VALUES ('y', 1, 2)");
        Assert.Equal(new byte[16], database.Scalar("SELECT cloudsync_siteid()"));
    }

    [Fact]
    public void Cascades_are_captured_when_a_parent_is_deleted()
    {
        using Database database = Database.Open();
        database.Exec("PRAGMA foreign_keys = ON; CREATE TABLE p(id TEXT PRIMARY KEY NOT NULL, a);"
            + " CREATE TABLE t(id TEXT PRIMARY KEY NOT NULL, a REFERENCES p(id) ON DELETE CASCADE, b);"
            + " SELECT cloudsync_init('p'); SELECT cloudsync_init('t');"
            + " INSERT INTO p VALUES ('p1', 0); INSERT INTO t VALUES ('x', 'p1', 0); DELETE FROM p");
        Assert.Equal(["x __[RIP]__:2 @3.0"], Rows(database));
        Assert.Equal(1L, database.Scalar("SELECT seq FROM p_cloudsync"));
    }

    private static Database NewTable()
    {
        Database database = Database.Open();
        database.Exec("CREATE TABLE t(id TEXT PRIMARY KEY NOT NULL, a, b); SELECT cloudsync_init('t')");
        return database;
    }

    private static string[] Rows(Database database) => [.. database.Query(Clocks).Select(row => (string)row[0]!)];
}
