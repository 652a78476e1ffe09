using ChunkSync.Tests.Host;
using Xunit.Abstractions;

namespace ChunkSync.Tests.Merge;

/// <summary>Changes with equal col_versions are compared with what is stored: the columns of a row that come together by one look-up. What wins is
/// compared with the same changes merged one by one, which read one column each.</summary>
public sealed class StoredRowTests(ITestOutputHelper output)
{
    private const string Schema = "CREATE TABLE t(id TEXT PRIMARY KEY NOT NULL, a, b TEXT, c REAL, d INTEGER); SELECT cloudsync_init('t', 'cls', 1)";

    private const string State = "SELECT pk, col_name, col_version, hex(s.site_id) FROM t_cloudsync AS c JOIN cloudsync_site_id AS s ON s.rowid = c.site_id ORDER BY pk, col_name";

    [Fact]
    public void Merge_decides_ties_of_whole_rows_as_those_of_single_columns()
    {
        Random random = new(Seed.Next(output));
        for (int round = 0; round < 6; round++)
        {
            using Database sender = Written(random);
            using Database whole = Written(random);
            using Database single = Database.OpenCopy(whole);
            single.Register();
            object?[] payload = [sender.Scalar("SELECT cloudsync_payload_encode(tbl, pk, col_name, col_value, col_version, db_version, site_id, cl, seq) FROM cloudsync_changes")];
            List<object?[]> changes = sender.Query("SELECT tbl, pk, col_name, col_value, col_version, db_version, site_id, cl, seq FROM cloudsync_changes");
            for (int twice = 0; twice < 2; twice++)
            {
                whole.Scalar("SELECT cloudsync_payload_apply(?)", payload);
                foreach (object?[] change in changes)
                {
                    single.Run("INSERT INTO cloudsync_changes VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)", change);
                }

                Assert.Equal(single.Query("SELECT * FROM t ORDER BY id"), whole.Query("SELECT * FROM t ORDER BY id"));
                Assert.Equal(single.Query(State), whole.Query(State));
            }
        }
    }

    [Fact]
    public void Reapply_looks_a_row_up_once_and_writes_nothing()
    {
        const int Rows = 500;
        using Database database = Database.Open();
        database.Exec(Schema + $"; WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n LIMIT {Rows}) INSERT INTO t SELECT i, i, i, i, i FROM n");
        object?[] payload = [database.Scalar("SELECT payload FROM cloudsync_payload_chunks WHERE since_db_version = 0")];
        List<object?[]> clocks = database.Query("SELECT * FROM t_cloudsync");
        database.Scalar("SELECT cloudsync_payload_apply(?)", payload);
        using (StatementMeter meter = new(database))
        {
            database.Scalar("SELECT cloudsync_payload_apply(?)", payload);

            // The clocks and the row: two statements.
            Assert.InRange((double)meter.Runs / Rows, 1, 2.1);
            Assert.InRange((double)meter.VmSteps / Rows, 1, 75);
        }

        Assert.Equal(clocks, database.Query("SELECT * FROM t_cloudsync"));
    }

    /// <summary>Rows that two sites write with the same numbers of updates, so that versions are equal and values often are not.</summary>
    private static Database Written(Random random)
    {
        Database database = Database.Open();
        database.Exec(Schema);
        for (int id = 0; id < 40; id++)
        {
            database.Run("INSERT INTO t VALUES (?, ?, ?, ?, ?)", "k" + id, Any(random), Any(random), random.Next(3) / 2.0, random.Next(2));
            if (random.Next(3) == 0)
            {
                database.Run("UPDATE t SET a = ?, b = 'b' || ? WHERE id = ?", Any(random), random.Next(2), "k" + id);
            }
        }

        for (int i = 0; i < 6; i++)
        {
            string id = "k" + random.Next(40);
            database.Run("DELETE FROM t WHERE id = ?", id);
            if (random.Next(2) == 0)
            {
                database.Run("INSERT INTO t VALUES (?, 1, 2, 3, 4)", id);
            }
        }

        return database;
    }

    private static object? Any(Random random) => random.Next(8) switch
    {
        0 => null,
        1 => 1L,
        2 => 1.5,
        3 => new byte[] { 1, 2 },
        4 => new string('x', 70_000 + random.Next(2)),
        _ => "text " + random.Next(2),
    };
}
