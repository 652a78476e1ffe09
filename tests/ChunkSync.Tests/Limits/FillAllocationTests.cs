using ChunkSync.Tests.Host;
using Xunit.Abstractions;

namespace ChunkSync.Tests.Limits;

/// <summary>A fill takes no managed memory per row, nor does what is written to a table that is being filled.</summary>
public class FillAllocationTests(ITestOutputHelper output)
{
    [Theory]
    [InlineData("SELECT cloudsync_backfill_step('t', 1000000)")]
    [InlineData("UPDATE t SET a = a + 1")]
    [InlineData("UPDATE t SET x = x || 'z'")]
    [InlineData("REPLACE INTO t SELECT x, y, -1, 'c' FROM t")]
    [InlineData("DELETE FROM t")]
    public void Fill_allocates_nothing_per_row_when_rows_are_pending(string sql)
    {
        output.WriteLine(Allocations.AssertNonePerRow(rows => Measure(sql, rows), 1000));
    }

    private static long Measure(string sql, int rows)
    {
        using Database database = Database.Open();
        database.Exec("CREATE TABLE t(x TEXT NOT NULL, y INTEGER NOT NULL, a, b, PRIMARY KEY(x, y DESC));"
            + $"WITH RECURSIVE c(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM c WHERE i < {rows + 100}) INSERT INTO t SELECT printf('k%05d', i), i, i, 'b' FROM c;"
            + "SELECT cloudsync_backfill_begin('t'); SELECT cloudsync_backfill_step('t', 10)");
        using IDisposable pause = database.PauseChecks();
        using BoundStatement statement = new(database, sql);
        database.Exec("BEGIN; SAVEPOINT s");
        statement.Run();
        database.Exec("ROLLBACK TO s");
        long start = GC.GetAllocatedBytesForCurrentThread();
        statement.Run();
        long bytes = GC.GetAllocatedBytesForCurrentThread() - start;
        Assert.True((long)database.Scalar("SELECT count(*) FROM t_cloudsync")! >= rows);
        database.Exec("ROLLBACK");
        return bytes;
    }
}
