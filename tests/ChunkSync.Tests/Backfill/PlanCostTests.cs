using System.Globalization;
using ChunkSync.Tests.Host;
using ChunkSync.Tests.Limits;
using Xunit.Abstractions;

namespace ChunkSync.Tests.Backfill;

/// <summary>How even plans are and what they cost, in counts: rows, entries, seeks, steps of SQLite's virtual machine, bytes of memory.</summary>
[Collection(MemoryCollection.Name)]
public sealed class PlanCostTests(PlanTable table, ITestOutputHelper output) : IClassFixture<PlanTable>
{
    private readonly Database database = table.Database;

    public static TheoryData<string?, string, int> Orders => new()
    {
        { null, "id", 1 },
        { "t_tenant", "tenant, rowid", 2 },
        { "t_hot", "hot, name, rowid", 3 },
    };

    [Theory]
    [MemberData(nameof(Orders))]
    public void Plan_by_rows_is_even_and_visits_each_entry_once_when_keys_are_skewed(string? index, string key, int columns)
    {
        long floor = StatementMeter.StepsOf(
            database, $"SELECT {key} FROM t {Source(index)} ORDER BY {key} LIMIT 1 OFFSET {PlanTable.Rows - 1}");
        foreach (long chunks in (long[])[10, 100, 1000, 2000])
        {
            long before = (long)database.Scalar("SELECT chunksync_backfill_tick()")!;
            using StatementMeter meter = new(database);
            List<long> rows = table.RowsOf($"chunks = {chunks}{OrderBy(index)}");
            long steps = meter.VmSteps;
            long seeks = meter.Seeks;
            double ratio = (double)steps / floor;
            output.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{key}, K = {chunks}: {ratio:F3} times the floor, {seeks} seeks"));
            Assert.Equal(chunks, rows.Count);
            Assert.Equal(PlanTable.Rows, rows.Sum());
            Assert.InRange(rows.Max() - rows.Min(), 0, 1);
            Assert.Equal(before + PlanTable.Rows, database.Scalar("SELECT chunksync_backfill_tick()"));
            Assert.InRange(seeks, 0, columns * chunks);
            Assert.InRange(ratio, 1, 1.75);
        }
    }

    [Theory]
    [InlineData("temporal", "t_at", "at")]
    [InlineData("prefix", "t_name", "name")]
    public void Plan_with_round_boundaries_keeps_the_slack_when_targets_differ(string strategy, string index, string key)
    {
        long floor = StatementMeter.StepsOf(
            database, $"SELECT {key}, rowid FROM t {Source(index)} ORDER BY {key}, rowid LIMIT 1 OFFSET {PlanTable.Rows - 1}");
        foreach (long chunks in (long[])[10, 100, 1000])
        {
            long target = PlanTable.Rows / chunks;
            using StatementMeter meter = new(database);
            List<long> rows = table.RowsOf($"target_rows = {target} AND strategy = '{strategy}' AND slack = 0.25{OrderBy(index)}");
            double ratio = (double)meter.VmSteps / floor;
            double skew = rows.Max() / rows.Average();
            output.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{strategy}, target {target}: {ratio:F3} times the floor, max/mean {skew:F3}, {rows.Count} chunks"));
            Assert.Equal(PlanTable.Rows, rows.Sum());
            Assert.InRange(rows.Max(), 1, target);

            // The last chunk is what is left: of few chunks it is a part of the mean that no strategy decides.
            Assert.InRange(rows.Max() / rows.SkipLast(1).Average(), 1, 1.34);
            Assert.InRange(ratio, 1, 1.75 * 1.4);
        }
    }

    [Fact]
    public void Plan_by_bytes_keeps_the_cap_when_rows_are_uneven()
    {
        string length = new Version(NativeSqlite.Version) < new Version(3, 43) ? "length(CAST({0} AS BLOB))" : "octet_length({0})";
        string weight = string.Join(" + ", ((string[])["id", "tenant", "hot", "at", "name", "body"]).Select(
            column => string.Format(CultureInfo.InvariantCulture, $"CASE typeof({{0}}) WHEN 'null' THEN 0 WHEN 'integer' THEN 8 WHEN 'real' THEN 8 ELSE {length} END", column)));
        string sum = $"SELECT sum(8 + {weight}) FROM t NOT INDEXED";
        long all = (long)database.Scalar(sum)!;
        long floor = StatementMeter.StepsOf(database, sum);
        foreach (long chunks in (long[])[10, 100, 1000])
        {
            long cap = all / chunks;
            using StatementMeter meter = new(database);
            List<long> bytes = table.Numbers("bytes", $"target_bytes = {cap}");
            double ratio = (double)meter.VmSteps / floor;
            double skew = bytes.Max() / bytes.Average();
            List<long> even = table.Numbers("bytes", $"target_bytes = {cap} AND balance = 'even'");
            double evenSkew = even.Max() / even.Average();
            output.WriteLine(string.Create(
                CultureInfo.InvariantCulture, $"K = {chunks}: {ratio:F3} times the floor, max/mean {skew:F4}, even {evenSkew:F4}, {bytes.Count} and {even.Count} chunks"));
            Assert.Equal(all, bytes.Sum());
            Assert.Equal(all, even.Sum());
            Assert.InRange(bytes.Max(), 1, cap);
            Assert.InRange(even.Max(), 1, cap);
            Assert.InRange(skew, 1, bytes.Count / (bytes.Count - 1.0) * 1.01);
            Assert.InRange(evenSkew, 1, 1.02);
            Assert.InRange(ratio, 0, 1.25);
        }
    }

    [Fact]
    public void First_chunk_and_the_last_two_take_their_share_when_a_plan_has_a_hundred()
    {
        foreach (string inputs in (string[])
        [
            "chunks = 100", "chunks = 100 AND order_by = 't_tenant'", "target_bytes = 150000",
            "target_rows = 2000 AND strategy = 'temporal' AND order_by = 't_at'", "target_rows = 2000 AND strategy = 'prefix' AND order_by = 't_name'",
        ])
        {
            long whole = table.StepsOf(inputs);
            List<object?[]> plan = database.Query($"SELECT next FROM cloudsync_backfill_plan WHERE tbl = 't' AND {inputs}");
            long first = table.StepsOf(inputs, " LIMIT 1");
            using StatementMeter meter = new(database);
            List<object?[]> rest = database.Query(
                $"SELECT rows FROM cloudsync_backfill_plan WHERE tbl = 't' AND {inputs} AND resume = ?", plan[^3][0]);
            output.WriteLine(string.Create(
                CultureInfo.InvariantCulture, $"{inputs}: first {(double)first / whole:F4}, last {rest.Count} of {plan.Count} {(double)meter.VmSteps / whole:F4} of the plan"));
            Assert.Equal(2, rest.Count);
            Assert.InRange((double)first / whole, 0, 0.05);
            Assert.InRange((double)meter.VmSteps / whole, 0, 0.05);
        }
    }

    [Fact]
    public void Sampled_plan_is_cheap_and_fairly_even_when_the_table_is_large()
    {
        foreach (string order in (string[])["", " AND order_by = 't_tenant'", " AND order_by = 't_name'"])
        {
            const string Inputs = "mode = 'sample' AND target_rows = 10000";
            long steps = table.StepsOf(Inputs + order);
            List<object?[]> plan = database.Query($"SELECT source, predicate, exact FROM cloudsync_backfill_plan WHERE tbl = 't' AND {Inputs}{order}");
            List<long> rows = [.. plan.Select(chunk => (long)database.Scalar($"SELECT count(*) FROM {chunk[0]} WHERE {chunk[1]}")!)];
            output.WriteLine(string.Create(CultureInfo.InvariantCulture, $"sample{order}: {steps} steps, {rows.Count} chunks, max/mean {rows.Max() / rows.Average():F3}"));
            Assert.All(plan, chunk => Assert.Equal(0L, chunk[2]));
            Assert.Equal(PlanTable.Rows, rows.Sum());
            Assert.InRange(rows.Count, 18, 22);
            Assert.InRange(steps, 1, 428_000);
            Assert.InRange(rows.Max() / rows.Average(), 1, 1.7);
        }
    }

    [Theory]
    [InlineData("chunks = 10")]
    [InlineData("chunks = 10 AND order_by = 't_tenant'")]
    [InlineData("chunks = 10 AND order_by = 't_hot'")]
    [InlineData("target_rows = 20000 AND strategy = 'temporal' AND order_by = 't_at'", 20)]
    [InlineData("target_bytes = 100000000")]
    public void Plan_allocates_nothing_per_entry_when_it_walks(string inputs, int chunks = 10)
    {
        // What a plan of few chunks allocates is for its chunks, and less than a byte a row.
        string sql = $"SELECT sum(rows) FROM cloudsync_backfill_plan WHERE tbl = 't' AND {inputs}";
        database.Query(sql);
        long before = GC.GetAllocatedBytesForCurrentThread();
        database.Query(sql);
        long taken = GC.GetAllocatedBytesForCurrentThread() - before;
        output.WriteLine($"{inputs}: {taken} bytes for {PlanTable.Rows} entries");
        Assert.InRange(taken, 0, chunks * 10_000);
    }

    [Fact]
    public void Memory_stays_flat_when_a_plan_has_many_chunks()
    {
        (long Sqlite, long Managed) few = Memory(20_000);
        (long Sqlite, long Managed) many = Memory(5);
        output.WriteLine($"10 chunks: {few}, 40,000 chunks: {many}");
        Assert.InRange(many.Sqlite, 0, few.Sqlite + 200_000);
        Assert.InRange(many.Managed, long.MinValue, few.Managed + 500_000);
    }

    /// <summary>What is in use on the last row of a plan: statements of the connection, and managed memory that lives.</summary>
    private (long Sqlite, long Managed) Memory(long target)
    {
        const int StatementMemory = 3;
        long before = GC.GetTotalMemory(forceFullCollection: true);
        nint statement = database.Prepare($"SELECT predicate, hot, next, is_final FROM cloudsync_backfill_plan WHERE tbl = 't' AND target_rows = {target} AND order_by = 't_hot'");
        do
        {
            Assert.Equal(100, NativeSqlite.Step(statement));
        }
        while (NativeSqlite.ColumnInt64(statement, 3) == 0);
        _ = NativeSqlite.DbStatus(database.Handle, StatementMemory, out int used, out _, 0);
        long managed = GC.GetTotalMemory(forceFullCollection: true) - before;
        Assert.Equal(0, NativeSqlite.Finalize(statement));
        return (used, managed);
    }

    private static string Source(string? index) => index == null ? "NOT INDEXED" : "INDEXED BY " + index;

    private static string OrderBy(string? index) => index == null ? "" : $" AND order_by = '{index}'";
}
