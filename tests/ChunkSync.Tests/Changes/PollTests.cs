using ChunkSync.Tests.Host;

namespace ChunkSync.Tests.Changes;

/// <summary>Asking again and again for local changes behind many changes of others.</summary>
public sealed class PollTests
{
    private const string Make = "CREATE TABLE t(id INTEGER PRIMARY KEY NOT NULL, a, b); SELECT cloudsync_init('t', 'cls', 1)";

    [Theory]
    [InlineData("SELECT count(*) FROM cloudsync_payload_chunks WHERE since_db_version = 1")]
    [InlineData("SELECT count(*) FROM cloudsync_payload_chunks WHERE since_db_version = 1 AND until_db_version = 1000000")]
    [InlineData("SELECT count(*) FROM cloudsync_changes WHERE site_id = cloudsync_siteid() AND db_version > 1")]
    public void Poll_takes_as_many_steps_when_more_changes_of_others_lie_behind(string poll)
    {
        List<long> steps = [];
        foreach (int rows in (int[])[100, 3200])
        {
            using Database database = WithForeign(rows);
            Assert.Equal(0L, database.Scalar(poll));
            steps.Add(StatementMeter.StepsOf(database, poll));
            Assert.Equal(0L, database.Scalar(poll));
        }

        Assert.InRange(steps[1], 0, steps[0] + 20);
    }

    [Fact]
    public void Poll_finds_what_was_written_when_it_was_undone_or_committed_here_or_elsewhere()
    {
        using TempFile file = new();
        using Database database = WithForeign(20, file.Path);
        using Database other = Database.Open(file.Path);
        (long Rows, object? Watermark) Poll(Database on)
        {
            object?[] row = on.Query("SELECT sum(rows), max(watermark_db_version) FROM cloudsync_payload_chunks WHERE since_db_version = 1")[0];
            long changes = (long)on.Scalar("SELECT count(*) FROM cloudsync_changes WHERE site_id = cloudsync_siteid() AND db_version > 1")!;
            Assert.Equal(row[0] ?? 0L, changes);
            return (changes, row[1]);
        }

        Assert.Equal(0, Poll(database).Rows);
        database.Exec("BEGIN; INSERT INTO t VALUES (1001, 1, 1)");
        Assert.Equal(2, Poll(database).Rows);
        database.Exec("ROLLBACK");
        Assert.Equal(0, Poll(database).Rows);
        Assert.Equal(0, Poll(other).Rows);
        database.Exec("BEGIN; SAVEPOINT s; INSERT INTO t VALUES (1002, 1, 1)");
        Assert.Equal(2, Poll(database).Rows);
        database.Exec("ROLLBACK TO s");
        Assert.Equal(0, Poll(database).Rows);
        database.Exec("COMMIT; INSERT INTO t VALUES (1003, 1, 1)");
        Assert.Equal(2, Poll(database).Rows);
        Assert.Equal(Poll(database), Poll(other));
        other.Exec("UPDATE t SET a = 2 WHERE id = 1003; DELETE FROM t WHERE id = 1");
        Assert.Equal(3, Poll(database).Rows);
        Assert.Equal(Poll(other), Poll(database));
    }

    /// <summary>A database with one local change, and behind it many of another site.</summary>
    private static Database WithForeign(int rows, string path = ":memory:")
    {
        using Database sender = Database.Open();
        sender.Exec(Make);
        sender.Exec($"WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n LIMIT {rows}) INSERT INTO t SELECT i, i, i FROM n");
        Database database = Database.Open(path);
        database.Exec(Make + "; INSERT INTO t VALUES (1000000, 1, 1)");
        foreach (object?[] chunk in sender.Query("SELECT payload FROM cloudsync_payload_chunks WHERE since_db_version = 0"))
        {
            database.Run("SELECT cloudsync_payload_apply(?)", chunk[0]);
        }

        return database;
    }
}
