using ChunkSync.Tests.Host;

namespace ChunkSync.Tests.Backfill;

/// <summary>Merges that reach pending rows in other ways than by their own changes.</summary>
public class FillMergeTests
{
    private const string Schema = """
        CREATE TABLE parent(id TEXT PRIMARY KEY NOT NULL, n);
        CREATE TABLE child(id TEXT PRIMARY KEY NOT NULL, up TEXT REFERENCES parent(id) ON DELETE SET NULL ON UPDATE CASCADE, v);
        """;

    private const string Rows =
        "INSERT INTO parent VALUES ('p', 1), ('q', 1); INSERT INTO child VALUES ('a', 'p', 1), ('b', 'p', 2), ('c', 'q', 3), ('d', NULL, 4);";

    private const string Clocks = "SELECT tbl, hex(pk), col_name, col_version, cl FROM cloudsync_changes ORDER BY 1, 2, 3";

    [Fact]
    public void Children_are_captured_first_when_a_merged_deletion_of_their_parent_changes_them()
    {
        using Database peer = Database.Open();
        peer.Exec(Schema + "SELECT cloudsync_init('parent'); SELECT cloudsync_init('child'); INSERT INTO parent VALUES ('p', 1); DELETE FROM parent WHERE id = 'p'");
        List<object?[]>[] states = [.. ((string[])["init", "backfill_begin"]).Select(init =>
        {
            using Database database = Database.Open();
            database.Exec($"PRAGMA foreign_keys = ON; {Schema}{Rows} SELECT cloudsync_{init}('parent'); SELECT cloudsync_{init}('child')");
            _ = new OneWay(peer, database).Send();
            Assert.Equal(2L, database.Scalar("SELECT count(*) FROM child WHERE up IS NULL AND id IN ('a', 'b')"));
            Assert.Equal(0L, database.Scalar("SELECT count(*) FROM (SELECT 1 FROM cloudsync_changes GROUP BY db_version, seq HAVING count(*) > 1)"));
            if (init != "init")
            {
                database.Exec("SELECT cloudsync_backfill_run('parent'); SELECT cloudsync_backfill_run('child')");
            }

            return database.Query(Clocks);
        })];
        Assert.Equal(states[0], states[1]);
        Assert.Contains(states[1], row => (string)row[2]! == "up" && (long)row[3]! == 2);
    }

    [Fact]
    public void Column_that_has_not_been_received_is_not_captured_when_the_fill_comes_to_its_row()
    {
        using Database database = Database.Open();
        database.Exec("CREATE TABLE t(id TEXT PRIMARY KEY NOT NULL, a DEFAULT 'z', b); INSERT INTO t VALUES ('k', 1, 1); SELECT cloudsync_backfill_begin('t')");
        Receive("b", 1);
        Assert.Equal(2L, database.Scalar("SELECT cloudsync_backfill_run('t')"));
        Assert.Equal("b", database.Scalar("SELECT group_concat(col_name) FROM t_cloudsync WHERE pk = cloudsync_pk_encode('n')"));
        Receive("a", 0);
        Assert.Equal("theirs", database.Scalar("SELECT a FROM t WHERE id = 'n'"));

        // The default, captured as a write of this database, would win.
        void Receive(string column, long seq) => database.Exec(
            $"INSERT INTO cloudsync_changes VALUES ('t', cloudsync_pk_encode('n'), '{column}', 'theirs', 1, 1, x'{1:x32}', 1, {seq})");
    }

    [Fact]
    public void Change_that_is_refused_leaves_the_transaction_when_its_row_was_pending()
    {
        using Database database = Database.Open();
        database.Exec("CREATE TABLE t(id TEXT PRIMARY KEY NOT NULL, a CHECK (a > 0), b); INSERT INTO t VALUES ('k', 1, 1), ('m', 1, 1);"
            + "SELECT cloudsync_backfill_begin('t'); BEGIN; UPDATE t SET b = 2 WHERE id = 'm'");
        const string Insert = "INSERT INTO cloudsync_changes VALUES ('t', cloudsync_pk_encode('k'), 'a', -5, 3, 1, randomblob(16), 1, 0)";
        Assert.Contains("CHECK", Assert.Throws<SqlException>(() => database.Exec(Insert)).Text, StringComparison.Ordinal);
        Assert.True(database.InTransaction);
        database.Exec("COMMIT; SELECT cloudsync_backfill_run('t')");
        Assert.Equal("k:1 k:1 m:1 m:2", database.Scalar("SELECT group_concat(v, ' ') FROM (SELECT cloudsync_pk_decode(pk, 1) || ':' || col_version AS v"
            + " FROM t_cloudsync ORDER BY pk, col_name)"));
    }
}
