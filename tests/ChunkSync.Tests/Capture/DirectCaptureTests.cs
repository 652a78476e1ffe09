using ChunkSync.Tests.Consistency;
using ChunkSync.Tests.Host;

namespace ChunkSync.Tests.Capture;

/// <summary>The functions that triggers call, called by hand.</summary>
public class DirectCaptureTests
{
    private const string Clocks = "SELECT cloudsync_pk_decode(pk, 1) || ' ' || col_name || ' ' || col_version || ' ' || db_version FROM t_cloudsync ORDER BY 1";

    private static Database Open()
    {
        Database database = Database.Open();
        database.Deviates(Deviation.Disabled, "rows are written while capture is off, to be captured by hand");
        database.Exec("""
            CREATE TABLE t(id TEXT PRIMARY KEY NOT NULL, a);
            SELECT cloudsync_init('t');
            INSERT INTO t VALUES ('a', 1);
            SELECT cloudsync_disable('t');
            INSERT INTO t VALUES ('b', 2);
            UPDATE t SET a = 5 WHERE id = 'a';
            """);
        return database;
    }

    [Theory]
    [InlineData("")]
    [InlineData("BEGIN; SELECT count(*) FROM t; {0}; COMMIT")]
    [InlineData("BEGIN IMMEDIATE; {0}; COMMIT")]
    [InlineData("CREATE TABLE log(x); INSERT INTO log {0}")]
    public void Rows_get_a_version_of_their_own_when_they_are_captured_by_hand(string around)
    {
        using Database database = Open();
        Run(database, around, "SELECT cloudsync_insert('t', 'b')");
        Assert.Equal(2L, database.Scalar("SELECT cloudsync_db_version()"));
        Run(database, around, "SELECT cloudsync_update('t', new, old) FROM (SELECT 'a' AS new, 'a' AS old UNION ALL SELECT 5, 1)");
        Assert.Equal(3L, database.Scalar("SELECT cloudsync_db_version()"));
        database.Exec("DELETE FROM t WHERE id = 'b'");
        Run(database, around, "SELECT cloudsync_delete('t', 'b')");
        Assert.Equal(4L, database.Scalar("SELECT cloudsync_db_version()"));
        database.Exec("SELECT cloudsync_enable('t'); INSERT INTO t VALUES ('c', 3)");
        Assert.Equal(["a a 2 3", "b __[RIP]__ 2 4", "c a 1 5"], database.Query(Clocks).Select(row => row[0]));
        Assert.False(database.InTransaction);
        database.Conforms();

        static void Run(Database database, string around, string call) =>
            database.Exec("DROP TABLE IF EXISTS log;" + (around.Length == 0 ? call : around.Replace("{0}", call, StringComparison.Ordinal)));
    }

    [Theory]
    [InlineData("SELECT cloudsync_insert('t', 'none')", "cloudsync_insert: table t has no row with the key 'none'; triggers call this when a row has been written")]
    [InlineData("SELECT cloudsync_insert('t', 'A')", "cloudsync_insert: table t has no row with the key 'A'; triggers call this when a row has been written")]
    [InlineData("SELECT cloudsync_delete('t', 'a')", "cloudsync_delete: table t still has the row with the key 'a'; triggers call this when a row has been written")]
    [InlineData("SELECT cloudsync_update('t', 'none', 'none')", "cloudsync_update: table t has no row with the key 'none'; triggers call this when a row has been written")]
    [InlineData("SELECT cloudsync_update('t', 'a', 'b')", "cloudsync_update: table t still has the row with the key 'b'; triggers call this when a row has been written")]
    [InlineData("SELECT cloudsync_delete('g', 'none')", "cloudsync_delete: table g is grow-only, its rows are not deleted")]
    public void Calls_change_nothing_when_they_are_not_true_of_the_table(string call, string text)
    {
        using Database database = Open();
        database.Exec("CREATE TABLE g(id TEXT PRIMARY KEY NOT NULL, a); SELECT cloudsync_init('g', 'gos')");
        foreach (string around in (string[])["", "BEGIN; ", "BEGIN; INSERT INTO t VALUES ('x', 1); "])
        {
            List<object?> before = [.. database.Query(Clocks).Select(row => row[0])];

            // A question that some other trigger asked does not make the call a trigger's.
            database.Exec("SELECT cloudsync_enable('t'), cloudsync_is_sync('t'); UPDATE t SET a = a; SELECT cloudsync_disable('t');" + around);
            Assert.Equal(text, Assert.Throws<SqlException>(() => database.Exec(call)).Text);
            Assert.Equal(around.Length > 0, database.InTransaction);
            if (database.InTransaction)
            {
                database.Exec("ROLLBACK");
            }

            Assert.Equal(before, database.Query(Clocks).Select(row => row[0]));
        }
    }

    [Fact]
    public void Row_is_refused_when_a_check_constraint_captures_it()
    {
        using Database database = Open();
        database.Exec("CREATE TABLE hooked(id, CHECK (cloudsync_insert('t', id) IS NULL))");
        Assert.StartsWith("cloudsync_insert: table t has no row with the key 'none'", Assert.Throws<SqlException>(() => database.Exec("INSERT INTO hooked VALUES ('none')")).Text);
        database.Exec("INSERT INTO hooked VALUES ('b')");
        Assert.Equal(["a a 1 1", "b a 1 2"], database.Query(Clocks).Select(row => row[0]));
        database.Conforms();
    }
}
