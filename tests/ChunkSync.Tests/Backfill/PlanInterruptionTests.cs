using ChunkSync.Tests.Host;

namespace ChunkSync.Tests.Backfill;

/// <summary>Plans that are stopped half-way, or read while somebody writes.</summary>
public sealed class PlanInterruptionTests
{
    private const int Interrupted = 9;

    private const string Rows = "CREATE TABLE t(id INTEGER PRIMARY KEY, a TEXT, b INT); CREATE INDEX t_a ON t(a);"
        + "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 60) INSERT INTO t SELECT i, '2024-0' || (1 + i % 7), i FROM n;";

    public static TheoryData<string> Inputs =>
    [
        "target_rows = 17", "target_rows = 17 AND order_by = 't_a'", "target_bytes = 400 AND balance = 'even'",
        "target_rows = 20 AND order_by = 't_a' AND strategy = 'temporal'", "target_rows = 20 AND strategy = 'width'",
    ];

    [Theory]
    [MemberData(nameof(Inputs))]
    public void Plan_ends_with_interrupt_and_the_next_is_right_when_it_is_stopped_at_any_step(string inputs)
    {
        using Database database = Database.Open();
        database.Exec(Rows);
        string sql = $"SELECT {string.Join(", ", PlanChunk.Columns)} FROM cloudsync_backfill_plan WHERE tbl = 't' AND {inputs}";
        List<string> expected = Lines(database, sql);
        object? before = State(database);
        long points = StepFault.Count(database, () => Lines(database, sql));
        Assert.InRange(points, 60, long.MaxValue);
        int stopped = 0;
        for (long point = 1; point <= points; point++)
        {
            using (StepFault fault = new(database, point, point % 2 == 0 ? StepFaultKind.Interrupt : StepFaultKind.Once))
            {
                try
                {
                    // SQLite looks at the flag at the next jump: behind the last one there is nothing left to stop.
                    Assert.Equal(expected, Lines(database, sql));
                    Assert.InRange(point, points - 2, points);
                }
                catch (SqlException failure)
                {
                    Assert.Equal(Interrupted, failure.Code);
                    stopped++;
                }
            }

            Assert.Null(database.BusyStatement());
            Assert.False(database.InTransaction);
            if (point % 16 == 0 || point == points)
            {
                Assert.Equal(expected, Lines(database, sql));
            }
        }

        Assert.InRange(stopped, points - 2, points);
        Assert.Equal(before, State(database));
    }

    [Fact]
    public void Plan_is_that_of_its_beginning_when_another_connection_writes_meanwhile()
    {
        using TempFile file = new();
        using Database writer = Database.Open(file.Path);
        writer.Exec("PRAGMA journal_mode = WAL;" + Rows);
        using Database reader = Database.Open(file.Path);
        const string Plan = "SELECT chunk_index, rows, predicate, digest, next FROM cloudsync_backfill_plan WHERE tbl = 't' AND target_rows = 7 AND order_by = 't_a'";
        List<string> expected = Lines(reader, Plan);
        List<string> found = [];
        nint statement = reader.Prepare(Plan);
        while (NativeSqlite.Step(statement) == 100)
        {
            found.Add(string.Join(" | ", Database.Row(statement).Select(PlanJson.Show)));
            writer.Exec($"DELETE FROM t WHERE id = {found.Count}; INSERT INTO t SELECT 100 + max(id), '2024-0{found.Count % 9}', 1 FROM t");
        }

        Assert.Equal(0, NativeSqlite.Finalize(statement));
        Assert.Equal(expected, found);
        Assert.NotEqual(expected, Lines(reader, Plan));
        Assert.False(reader.InTransaction);
    }

    [Theory]
    [MemberData(nameof(Inputs))]
    public void Chunks_tile_the_table_when_the_same_connection_writes_between_them(string inputs)
    {
        using Database database = Database.Open();
        database.Exec(Rows);
        List<PlanChunk> plan = [];
        nint statement = database.Prepare($"SELECT {string.Join(", ", PlanChunk.Columns)} FROM cloudsync_backfill_plan WHERE tbl = 't' AND {inputs}");
        int code;
        while ((code = NativeSqlite.Step(statement)) == 100)
        {
            plan.Add(new PlanChunk(Database.Row(statement)));
            database.Exec($"DELETE FROM t WHERE id % 10 = {plan.Count % 10}; INSERT INTO t SELECT 7 + max(id), '2024-0{plan.Count % 9}', 1 FROM t;"
                + $"INSERT INTO t VALUES ({-plan.Count}, '2023', 1)");
        }

        _ = NativeSqlite.Finalize(statement);
        Assert.Equal(101, code);
        PlanOracle.CheckTiling(database, "t", plan, inputs);
    }

    private static object? State(Database database) =>
        database.Scalar("SELECT total_changes() || ' ' || (SELECT count(*) FROM sqlite_temp_master) || ' ' || (SELECT count(*) FROM sqlite_master)");

    private static List<string> Lines(Database database, string sql) =>
        [.. database.Query(sql).Select(row => string.Join(" | ", row.Select(PlanJson.Show)))];
}
