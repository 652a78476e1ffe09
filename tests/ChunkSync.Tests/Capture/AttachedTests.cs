using ChunkSync.Tests.Consistency;
using ChunkSync.Tests.Host;

namespace ChunkSync.Tests.Capture;

/// <summary>Files attached beside the main one, both with a table of one name and triggers of one text.</summary>
public class AttachedTests
{
    private const string Table = "CREATE TABLE t(id TEXT PRIMARY KEY NOT NULL, a, u UNIQUE); SELECT cloudsync_init('t');"
        + " INSERT INTO t VALUES ('m', 1, 'um'), ('n', 2, 'un')";

    private const string State = "SELECT group_concat(hex(pk) || col_name || col_version || '@' || db_version || '.' || seq) FROM main.t_cloudsync";

    private const string Refusal = "of the attached database aux is synchronised by itself";

    [Theory]
    [InlineData("INSERT INTO aux.t VALUES ('x', 1, 'ux')")]
    [InlineData("INSERT INTO aux.t SELECT id || 'x', a, u || 'x' FROM main.t")]
    [InlineData("UPDATE aux.t SET a = 9 WHERE id = 'm'")]
    [InlineData("UPDATE aux.t SET id = 'k' WHERE id = 'm'")]
    [InlineData("DELETE FROM aux.t")]
    [InlineData("DELETE FROM aux.t WHERE id = 'm'")]
    [InlineData("INSERT OR REPLACE INTO aux.t VALUES ('m', 7, 'un')")]
    [InlineData("INSERT INTO aux.t VALUES ('m', 7, 'um') ON CONFLICT(id) DO UPDATE SET a = 8")]
    [InlineData("UPDATE OR REPLACE aux.t SET u = 'un' WHERE id = 'm'")]
    [InlineData("WITH k AS (SELECT 'm') DELETE FROM aux.t WHERE id IN k RETURNING id")]
    public void Write_to_an_attached_table_is_refused_when_both_files_track_it(string sql)
    {
        foreach (string before in (string[])["", "BEGIN", "BEGIN; UPDATE main.t SET a = 5 WHERE id = 'n'", "PRAGMA recursive_triggers = ON", "SELECT cloudsync_disable('t')"])
        {
            using TempFile file = Tracked(Table);
            using Database database = Attached(file, Table);
            object? untouched = database.Scalar(State);
            database.Exec(before);
            object? clocks = database.Scalar(State);
            object? rows = database.Scalar("SELECT group_concat(id || a || u) FROM aux.t");
            bool began = database.InTransaction;
            SqlException failure = Assert.Throws<SqlException>(() => database.Exec(sql));
            Assert.Contains(Refusal, failure.Text);
            clocks = began && !database.InTransaction ? untouched : clocks;
            Assert.Equal(clocks, database.Scalar(State));
            Assert.Equal(rows, database.Scalar("SELECT group_concat(id || a || u) FROM aux.t"));
            if (database.InTransaction)
            {
                database.Exec("INSERT INTO main.t VALUES ('after', 1, 2); COMMIT");
                Assert.Equal(2L, database.Scalar("SELECT count(*) FROM main.t_cloudsync WHERE pk = cloudsync_pk_encode('after')"));
            }
        }
    }

    [Theory]
    [InlineData("CREATE TABLE t(id TEXT PRIMARY KEY NOT NULL, a, u UNIQUE) WITHOUT ROWID; SELECT cloudsync_init('t'); INSERT INTO t VALUES ('m', 1, 'um')")]
    [InlineData("CREATE TABLE T(id TEXT PRIMARY KEY NOT NULL, a, u UNIQUE); SELECT cloudsync_init('T'); INSERT INTO T VALUES ('m', 1, 'um')")]
    [InlineData("CREATE TABLE t(id TEXT PRIMARY KEY NOT NULL, a, u UNIQUE); SELECT cloudsync_init('t', 'gos'); INSERT INTO t VALUES ('m', 1, 'um')", true)]
    public void Write_to_an_attached_table_is_refused_when_the_tables_differ(string aux, bool growOnly = false)
    {
        foreach (string main in (string[])[Table, "CREATE TABLE other(id TEXT PRIMARY KEY NOT NULL, a); SELECT cloudsync_init('other')", "CREATE TABLE t(id)"])
        {
            using TempFile file = Tracked(aux);
            using Database database = Attached(file, main);
            foreach (string sql in (string[])["INSERT INTO aux.t VALUES ('x', 1, 'ux')", "UPDATE aux.t SET a = 4", "DELETE FROM aux.t"])
            {
                SqlException failure = Assert.Throws<SqlException>(() => database.Exec(sql));
                Assert.Contains(growOnly && !sql.StartsWith("INS", StringComparison.Ordinal) ? "not allowed on table t" : Refusal, failure.Text);
                failure = Assert.Throws<SqlException>(() => database.Exec("BEGIN; CREATE TABLE IF NOT EXISTS main.x(a); INSERT INTO main.x VALUES (1);" + sql));
                Assert.Contains(growOnly && !sql.StartsWith("INS", StringComparison.Ordinal) ? "not allowed on table t" : Refusal, failure.Text);
                database.Exec(database.InTransaction ? "ROLLBACK" : "");
            }

            Assert.Equal("m1um", database.Scalar("SELECT group_concat(id || a || u) FROM aux.t"));
        }
    }

    [Fact]
    public void Main_is_captured_when_one_transaction_writes_attached_tables_too()
    {
        using TempFile file = Tracked(Table + "; CREATE TABLE plain(x)");
        using Database database = Attached(file, Table);
        database.Exec("BEGIN; INSERT INTO aux.plain VALUES (1); INSERT INTO t VALUES ('x', 1, 2), ('y', 1, 3); UPDATE t SET a = 6 WHERE id = 'm';"
            + " UPDATE t SET id = 'z' WHERE id = 'y'; DELETE FROM main.t WHERE id = 'n'; INSERT OR REPLACE INTO t SELECT id || 'c', a, u || 'c' FROM aux.t; COMMIT");
        Assert.Equal(
            ["m a 2", "m u 1", "mc a 1", "mc u 1", "n __[RIP]__ 2", "nc a 1", "nc u 1", "x a 1", "x u 1", "y __[RIP]__ 2", "z __[RIP]__ 1", "z a 1", "z u 1"],
            database.Query("SELECT cloudsync_pk_decode(pk, 1) || ' ' || col_name || ' ' || col_version FROM t_cloudsync ORDER BY 1").Select(row => row[0]));
    }

    [Fact]
    public void Main_is_captured_when_prepared_statements_for_both_files_take_turns()
    {
        using TempFile file = Tracked(Table);
        using Database database = Attached(file, Table);
        database.Exec("CREATE TABLE aux.plain(x); BEGIN; INSERT INTO aux.plain VALUES (1)");
        nint main = database.Prepare("INSERT INTO main.t VALUES (?1, 1, ?1)");
        nint aux = database.Prepare("INSERT INTO aux.t  VALUES (?1, 1, ?1)");
        for (int i = 0; i < 20; i++)
        {
            foreach (nint statement in (nint[])[main, aux])
            {
                Database.Bind(statement, 1, "k" + i);
                int code = NativeSqlite.Step(statement);
                Assert.Contains(code, (int[])(statement == main ? [101] : [1, 13]));
                _ = NativeSqlite.Reset(statement);
            }

            // A statement of the same length gets the same memory.
            Assert.Throws<SqlException>(() => database.Exec($"INSERT INTO aux1.t VALUES ('e{i}', 1, 'e{i}')".Replace("aux1", "aux ", StringComparison.Ordinal)));
            database.Exec($"INSERT INTO main.t VALUES ('e{i}', 1, 'e{i}')");
        }

        _ = NativeSqlite.Finalize(main);
        _ = NativeSqlite.Finalize(aux);
        database.Exec("COMMIT");
        Assert.Equal(42L, database.Scalar("SELECT count(*) FROM main.t"));
        Assert.Equal(2L, database.Scalar("SELECT count(*) FROM aux.t"));
        Assert.Equal(84L, database.Scalar("SELECT count(*) FROM main.t_cloudsync"));
    }

    [Fact]
    public void Refusal_names_the_right_file_when_several_are_attached()
    {
        using TempFile first = Tracked(Table);
        using TempFile second = Tracked(Table);
        using TempFile third = Tracked(Table);
        using Database database = Attached(first, Table);
        database.Run("ATTACH ? AS \"b \"\"2\"", second.Path);
        database.Run("ATTACH ? AS third", third.Path);
        database.Exec("CREATE TABLE aux.plain(x); BEGIN; INSERT INTO main.t VALUES ('x', 1, 2); INSERT INTO aux.plain VALUES (1)");
        Assert.Contains("attached database b \"2 is", Assert.Throws<SqlException>(() => database.Exec("DELETE FROM \"b \"\"2\".t")).Text);
        Assert.Contains("attached database third is", Assert.Throws<SqlException>(() => database.Exec("UPDATE third.t SET a = 3")).Text);
        database.Exec(database.InTransaction ? "ROLLBACK" : "");
        database.Exec("INSERT INTO main.t VALUES ('x', 1, 2); DELETE FROM t WHERE id = 'm'; DETACH third; DETACH \"b \"\"2\"; DETACH aux; DELETE FROM t");
        Assert.Equal(3L, database.Scalar("SELECT count(*) FROM t_cloudsync WHERE col_version = 2"));
    }

    [Fact]
    public void Renamed_attached_table_is_refused_when_its_triggers_keep_the_old_name()
    {
        using TempFile file = Tracked(Table + "; ALTER TABLE t RENAME TO t2", Deviation.Rebuilt);
        using Database database = Attached(file, Table);
        Assert.Contains(Refusal, Assert.Throws<SqlException>(() => database.Exec("BEGIN; DELETE FROM t; DELETE FROM aux.t2")).Text);
        database.Exec(database.InTransaction ? "ROLLBACK" : "");
        Assert.Equal(4L, database.Scalar("SELECT count(*) FROM t_cloudsync"));
    }

    [Fact]
    public void Statement_is_refused_when_it_writes_both_tables_through_a_temp_trigger()
    {
        using TempFile file = Tracked(Table + "; CREATE TABLE log(x)");
        using Database database = Attached(file, Table);
        database.Exec("CREATE TEMP TRIGGER outer_one AFTER INSERT ON aux.log BEGIN INSERT INTO t VALUES (NEW.x, 1, NEW.x); END");
        database.Exec("INSERT INTO aux.log VALUES ('x')");
        Assert.Equal(2L, database.Scalar("SELECT count(*) FROM t_cloudsync WHERE pk = cloudsync_pk_encode('x')"));
        database.Exec("CREATE TEMP TRIGGER both AFTER INSERT ON aux.t BEGIN INSERT INTO t VALUES (NEW.id || '2', 1, 1); END");
        Assert.Contains("cannot be told which", Assert.Throws<SqlException>(() => database.Exec("INSERT INTO aux.t VALUES ('y', 1, 2)")).Text);
        Assert.Equal(0L, database.Scalar("SELECT count(*) FROM t_cloudsync WHERE pk IN (cloudsync_pk_encode('y'), cloudsync_pk_encode('y2'))"));
    }

    [Fact]
    public void Temp_table_leaves_no_clocks_when_it_hides_the_tracked_one()
    {
        using TempFile file = Tracked(Table);
        using Database database = Attached(file, Table);
        object? clocks = database.Scalar(State);
        database.Exec("CREATE TEMP TABLE t AS SELECT * FROM main.t; DELETE FROM t; INSERT INTO t VALUES ('x', 1, 2); UPDATE t SET a = 3; SELECT cloudsync_init('t')");
        Assert.Equal(clocks, database.Scalar(State));
        database.Exec("INSERT INTO main.t VALUES ('y', 1, 2); DROP TABLE temp.t; DELETE FROM t WHERE id = 'm'");
        Assert.Equal(3L, database.Scalar("SELECT count(*) FROM t_cloudsync WHERE pk IN (cloudsync_pk_encode('y'), cloudsync_pk_encode('m'))"));
    }

    [Fact]
    public void Main_is_captured_when_a_returning_statement_on_an_attached_table_is_not_finished()
    {
        using TempFile file = Tracked(Table + "; CREATE TABLE plain(x)");
        using Database database = Attached(file, Table);
        nint returning = database.Prepare("INSERT INTO aux.plain VALUES (1), (2) RETURNING x");
        Assert.Equal(100, NativeSqlite.Step(returning));
        database.Exec("INSERT INTO t VALUES ('x', 1, 2); DELETE FROM t WHERE id = 'm'");
        Assert.Contains(Refusal, Assert.Throws<SqlException>(() => database.Exec("DELETE FROM aux.t")).Text);
        Assert.Equal(100, NativeSqlite.Step(returning));
        _ = NativeSqlite.Finalize(returning);

        // Where a refused statement has another one that writes beside it, SQLite 3.35 undoes what both belong to.
        string[] expected = NativeSqlite.IsOld ? ["m", "m", "n", "n"] : ["m", "n", "n", "x", "x"];
        Assert.Equal(expected, database.Query("SELECT cloudsync_pk_decode(pk, 1) FROM t_cloudsync ORDER BY pk").Select(row => row[0]));
    }

    [Fact]
    public void Apply_and_init_write_main_when_a_file_with_the_same_tables_is_attached()
    {
        using Database sender = Database.Open();
        sender.Exec(Table);
        using TempFile file = Tracked(Table);
        using Database database = Attached(file, "CREATE TABLE t(id TEXT PRIMARY KEY NOT NULL, a, u UNIQUE); SELECT cloudsync_init('t')");
        object? payload = sender.Scalar("SELECT payload FROM cloudsync_payload_chunks");
        object? aux = database.Scalar("SELECT group_concat(hex(pk)) FROM aux.t_cloudsync");
        database.Exec("CREATE TABLE aux.plain(x); BEGIN; INSERT INTO aux.plain VALUES (1)");
        Assert.Equal(4L, database.Scalar("SELECT cloudsync_payload_apply(?)", payload));
        database.Exec("SELECT cloudsync_init('t'); UPDATE t SET a = 3; COMMIT");
        Assert.Equal(2L, database.Scalar("SELECT count(*) FROM main.t_cloudsync WHERE col_version = 2"));
        Assert.Equal(aux, database.Scalar("SELECT group_concat(hex(pk)) FROM aux.t_cloudsync"));
    }

    [Fact]
    public void Attached_file_syncs_when_it_is_written_on_a_connection_of_its_own()
    {
        using TempFile file = Tracked(Table);
        using Database main = Attached(file, Table);
        using Database own = Database.Open(file.Path);
        own.Exec("DELETE FROM t WHERE id = 'm'");
        new OneWay(own, main).Send();
        Assert.Equal("n", main.Scalar("SELECT group_concat(id) FROM main.t"));
    }

    private static TempFile Tracked(string sql, Deviation deviation = Deviation.None)
    {
        TempFile file = new();
        using Database database = Database.Open(file.Path);
        database.Deviates(deviation, "the file is made as the test needs it");
        database.Exec(sql);
        return file;
    }

    private static Database Attached(TempFile file, string sql)
    {
        Database database = Database.Open();
        database.Exec(sql);
        database.Run("ATTACH ? AS aux", file.Path);
        return database;
    }
}
