using ChunkSync.Tests.Host;

namespace ChunkSync.Tests.Backfill;

/// <summary>Four ways to write a predicate or a walk that look right and are not. Each plan is right as it is; with the trap put into its text
/// the oracle finds rows in no chunk, in two, in the wrong one, or a scan.</summary>
public sealed class PlanTrapTests
{
    [Fact]
    public void Numbers_become_text_when_a_cast_literal_stands_without_the_plus()
    {
        using Database database = Database.Open();

        // A column, also one without a type, has an affinity that leaves its numbers alone; an expression has none.
        database.Exec("CREATE TABLE t(k); CREATE INDEX t_k ON t(coalesce(k, 0));"
            + "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 40)"
            + " INSERT INTO t SELECT CASE WHEN i % 2 THEN i ELSE CAST(x'3100' || i AS TEXT) END FROM n");
        Check(database, new() { ["order_by"] = "t_k", ["target_rows"] = 4L }, "+CAST(x'", "CAST(x'", scans: 100);
    }

    [Fact]
    public void Chunk_is_another_when_a_column_changes_a_rounded_boundary()
    {
        using Database database = Database.Open();
        database.Exec("CREATE TABLE t(at INTEGER); CREATE INDEX t_at ON t(at);"
            + "WITH RECURSIVE n(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i < 39) INSERT INTO t SELECT date('2024-12-12', '+' || i || ' days') FROM n");

        // Between 27 December and 10 January lies the year, which an INTEGER column would turn into a number below all texts.
        Check(database, new() { ["order_by"] = "t_at", ["strategy"] = "temporal", ["target_rows"] = 25L, ["slack"] = 0.5 }, "'2025-01'", "'2025'");
    }

    [Fact]
    public void Range_is_a_scan_when_not_null_stands_in_an_or()
    {
        using Database database = Database.Open();
        database.Exec("CREATE TABLE t(a INT, b INT); CREATE INDEX t_ab ON t(a, b);"
            + "WITH RECURSIVE n(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i < 99) INSERT INTO t SELECT CASE WHEN i > 60 THEN i END, i FROM n");
        Check(database, new() { ["order_by"] = "t_ab", ["target_rows"] = 50L }, "\"a\" >= -9e999", "\"a\" IS NOT NULL");
    }

    [Theory]
    [InlineData("CREATE INDEX t_k ON t(abs(a), b)")]
    [InlineData("CREATE INDEX t_k ON t(a, b, a COLLATE NOCASE)")]
    [InlineData("CREATE INDEX t_k ON t(abs(a) DESC, b)")]
    public void Entries_outside_of_the_range_are_not_counted_when_a_term_is_no_part_of_the_search(string index)
    {
        using Database database = Database.Open();
        database.Exec("CREATE TABLE t(a INT, b INT);" + index + ";"
            + "WITH RECURSIVE n(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i < 199) INSERT INTO t SELECT CASE WHEN i % 3 THEN i END, i FROM n");
        Dictionary<string, object?> inputs = new() { ["tbl"] = "t", ["order_by"] = "t_k", ["target_rows"] = 9L };
        List<PlanChunk> plan = PlanChunk.Plan(database, inputs);
        Assert.Empty(PlanOracle.Check(database, "t", plan, PlanCase.Of(inputs, scans: 1000)));
        for (int i = 0; i < plan.Count - 1; i++)
        {
            List<PlanChunk> rest = PlanChunk.Plan(database, new(inputs) { ["resume"] = plan[i].Next });
            Assert.Equal(plan.Skip(i + 1).Select(chunk => chunk.Line), rest.Select(chunk => chunk.Line));
        }
    }

    private static void Check(Database database, Dictionary<string, object?> inputs, string right, string wrong, int scans = 0)
    {
        inputs["tbl"] = "t";
        List<PlanChunk> plan = PlanChunk.Plan(database, inputs);
        Assert.Empty(PlanOracle.Check(database, "t", plan, PlanCase.Of(inputs, scans)));
        Assert.Contains(plan, chunk => chunk.Predicate.Contains(right));
        List<PlanChunk> trapped = [.. plan.Select(chunk => new PlanChunk([.. chunk.Row.Select(value => value is string text ? text.Replace(right, wrong) : value)]))];
        Assert.NotEmpty(PlanOracle.Check(database, "t", trapped, PlanCase.Of(inputs, scans)));
    }
}
