using ChunkSync.Tests.Host;
using Xunit.Abstractions;

namespace ChunkSync.Tests.Backfill;

/// <summary>Random tables, rows and inputs against the oracle that counts.</summary>
public sealed class PlanPropertyTests(ITestOutputHelper output)
{
    [Fact, Soak("backfill-plans", Weight = 3)]
    public void Plan_tiles_any_table_when_schema_rows_and_inputs_are_random()
    {
        using Effort effort = Effort.Start("backfill-plans", output, sample: 60);
        while (effort.Next("tables"))
        {
            RandomPlans shape = new(effort.Random);
            using Database database = Make(shape, effort.Random, out long rows);
            using IDisposable pause = database.PauseChecks();
            if (!IsSound(database))
            {
                effort.Add("skipped", 1);
                continue;
            }

            bool isAnalyzed = database.Scalar("SELECT 1 FROM sqlite_master WHERE name = 'sqlite_stat1'") != null;
            for (int i = 0; i < 3; i++)
            {
                Dictionary<string, object?> inputs = shape.Inputs();
                string text = effort.Seed + " " + string.Join(", ", inputs.Select(pair => pair.Key + "=" + PlanJson.Show(pair.Value)));
                if (DescendingKeys.AreRefused(database, inputs))
                {
                    effort.Add("refused", 1);
                    continue;
                }

                List<PlanChunk> plan;
                try
                {
                    plan = PlanChunk.Plan(database, inputs);
                }
                catch (SqlException failure)
                {
                    Assert.Fail(text + "\n" + failure.Message + "\n" + Schema(database));
                    return;
                }

                List<string> problems = PlanOracle.Check(database, "t", plan, shape.Case(inputs, rows, isAnalyzed));
                Assert.True(problems.Count == 0, text + "\n" + string.Join("\n", problems) + "\n" + Schema(database) + "\n"
                    + string.Join("\n", plan.Take(20).Select(chunk => chunk.Line)));
                effort.Add("plans", 1);
                effort.Add("chunks", plan.Count);
                Resume(database, inputs, plan, effort.Random, text);
                if (!Drift(database, shape, plan, text))
                {
                    effort.Add("skipped", 1);
                }
            }
        }
    }

    [Theory]
    [InlineData("a, a COLLATE NOCASE, b")]
    [InlineData("a COLLATE NOCASE, a, b")]
    [InlineData("a COLLATE NOCASE, a DESC, b")]
    public void Plan_finds_the_last_row_of_a_chunk_when_a_null_column_is_in_the_key_under_two_collations(string terms)
    {
        using Database database = Database.Open();
        database.Exec("CREATE TABLE t(a INT, b INT); CREATE INDEX t_a ON t(" + terms + ");"
            + "INSERT INTO t VALUES (NULL, NULL), (NULL, 1), (NULL, 2), (NULL, 3), (5, 1), (5, 2), (5, 3), (5, 4)");
        List<PlanChunk> plan = PlanChunk.Plan(database, new() { ["tbl"] = "t", ["order_by"] = "t_a", ["target_rows"] = 4L });
        Assert.Equal(["[null,null]", "[5,5]"], plan.Select(chunk => chunk.Hot));
    }

    [Fact]
    public void Plans_are_those_that_run_alone_when_their_steps_alternate()
    {
        using Database database = Database.Open();
        database.Exec("CREATE TABLE t(a INT, b); CREATE INDEX t_a ON t(a); CREATE TABLE u(id TEXT PRIMARY KEY) WITHOUT ROWID;"
            + "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 500) INSERT INTO t SELECT i % 17, i FROM n;"
            + "INSERT INTO u SELECT 'u' || b FROM t WHERE b <= 300");
        string[] plans = ["cloudsync_backfill_plan('t', 70, NULL, 't_a')", "cloudsync_backfill_plan('u', 110)", "cloudsync_backfill_plan('t', 50, NULL, 't_a', 'width')"];
        List<object?[]>[] alone = [.. plans.Select(plan => database.Query($"SELECT chunk_id, rows FROM {plan}"))];
        long[] visits = [.. plans.Select(plan =>
        {
            long start = Visited();
            database.Query($"SELECT rows FROM {plan}");
            return Visited() - start;
        })];
        long before = Visited();
        List<object?[]> paired = database.Query(
            $"SELECT x.chunk_id, x.rows, y.chunk_id, y.rows, z.chunk_id, z.rows FROM {plans[0]} AS x CROSS JOIN {plans[1]} AS y CROSS JOIN {plans[2]} AS z");
        Assert.Equal(alone.Aggregate(1, (product, plan) => product * plan.Count), paired.Count);
        for (int i = 0; i < plans.Length; i++)
        {
            Assert.Equal(alone[i], paired.Select(row => row[(2 * i)..((2 * i) + 2)]).DistinctBy(row => row[0]));
        }

        Assert.Equal([500L, 300L], visits[..2]);
        Assert.Equal(before + visits[0] + (alone[0].Count * (visits[1] + (alone[1].Count * visits[2]))), Visited());

        long Visited() => (long)database.Scalar("SELECT chunksync_backfill_tick()")!;
    }

    /// <summary>SQLite 3.35 gives no rows for such a range when it is walked backwards.</summary>
    [Fact]
    public void Plan_counts_rows_right_when_an_index_of_a_table_without_rowid_has_two_appended_columns()
    {
        using Database database = Database.Open();
        database.Exec("CREATE TABLE t(a INT, b TEXT, PRIMARY KEY(b, a)) WITHOUT ROWID; CREATE INDEX t_b ON t(b COLLATE RTRIM);"
            + "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 60) INSERT INTO t SELECT i, 'b' || (i % 2) FROM n");
        Dictionary<string, object?> inputs = new() { ["tbl"] = "t", ["order_by"] = "t_b", ["target_rows"] = 7L };
        List<PlanChunk> plan = PlanChunk.Plan(database, inputs);
        Assert.Equal(9, plan.Count);
        Assert.Empty(PlanOracle.Check(database, "t", plan, PlanCase.Of(inputs)));
    }

    /// <summary>SQLite 3.35 takes the appended column for an ascending one, here, too.</summary>
    [Fact]
    public void Plan_is_right_or_refused_when_a_descending_key_column_is_in_an_index_under_another_collation()
    {
        using Database database = Database.Open();
        database.Exec("CREATE TABLE t(a TEXT, b INT, PRIMARY KEY(a DESC, b)) WITHOUT ROWID; CREATE INDEX t_a ON t(a COLLATE RTRIM);"
            + "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 60)"
            + " INSERT INTO t SELECT substr('a    ', 1, 1 + i % 5), i FROM n");
        Dictionary<string, object?> inputs = new() { ["tbl"] = "t", ["order_by"] = "t_a", ["target_rows"] = 7L };
        if (!DescendingKeys.AreRefused(database, inputs))
        {
            Assert.Empty(PlanOracle.Check(database, "t", PlanChunk.Plan(database, inputs), PlanCase.Of(inputs)));
        }
    }

    /// <summary>NOT INDEXED does not keep SQLite from the other indexes of such a table; SQLite 3.35 gives wrong rows for them.</summary>
    [Fact]
    public void Plan_searches_the_primary_key_when_a_table_without_rowid_has_other_indexes()
    {
        using Database database = Database.Open();
        database.Exec("CREATE TABLE t(a, b, c INT, PRIMARY KEY(a, c DESC)) WITHOUT ROWID; CREATE INDEX t_a ON t(a DESC);"
            + "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 60) INSERT INTO t SELECT i % 3, i, i FROM n");
        Dictionary<string, object?> inputs = new() { ["tbl"] = "t", ["target_rows"] = 7L };
        List<PlanChunk> plan = PlanChunk.Plan(database, inputs);
        Assert.Empty(PlanOracle.Check(database, "t", plan, PlanCase.Of(inputs)));
        Assert.All(plan, chunk => Assert.DoesNotContain(
            database.Query($"EXPLAIN QUERY PLAN SELECT a, c FROM {chunk.Source} WHERE {chunk.Predicate}"), step => ((string)step[3]!).Contains("t_a")));
    }

    private static Database Make(RandomPlans shape, Random random, out long rows)
    {
        Database database = Database.Open();
        if (random.Next(6) == 0)
        {
            database.Exec("PRAGMA encoding = '" + (random.Next(2) == 0 ? "UTF-16le" : "UTF-16be") + "'");
        }

        foreach (string statement in shape.Schema())
        {
            try
            {
                database.Exec(statement);
            }
            catch (SqlException) when (statement.StartsWith("CREATE INDEX"))
            {
                // An expression that fails on the rows that are there: there are none yet, so the text itself is refused.
            }
        }

        using (database.PauseChecks())
        {
            Insert(database, shape);
            if (random.Next(4) == 0)
            {
                database.Exec("ANALYZE");
            }
        }

        rows = (long)database.Scalar("SELECT count(*) FROM t")!;
        return database;
    }

    private static void Insert(Database database, RandomPlans shape)
    {
        database.Exec("BEGIN");
        foreach ((string sql, object?[] values) in shape.Rows())
        {
            try
            {
                database.Run(sql, values);
            }
            catch (SqlException)
            {
                // NULL in the key of a WITHOUT ROWID table, or abs() of the smallest integer.
            }
        }

        database.Exec("COMMIT");
    }

    private static void Resume(Database database, Dictionary<string, object?> inputs, List<PlanChunk> plan, Random random, string text)
    {
        if (plan.Count < 2)
        {
            return;
        }

        int at = random.Next(plan.Count - 1);
        List<PlanChunk> rest = PlanChunk.Plan(database, new(inputs) { ["resume"] = plan[at].Next });
        List<string> expected = [.. plan.Skip(at + 1).Select(chunk => chunk.Line)];
        int same = expected.Zip(rest).TakeWhile(pair => pair.First == pair.Second.Line).Count();
        Assert.True(
            expected.Count == rest.Count && same == rest.Count,
            $"{text}\n{Schema(database)}\nresumed behind {at}: rows {string.Join(" ", plan.Select(chunk => chunk.Rows))}, then {string.Join(" ", rest.Select(chunk => chunk.Rows))}, the first other one:\n{expected.ElementAtOrDefault(same)}\n{rest.ElementAtOrDefault(same)?.Line}");
    }

    /// <summary>Rows that are written after planning are in exactly one chunk, too.</summary>
    /// <returns>False when they made an index unsound.</returns>
    private static bool Drift(Database database, RandomPlans shape, List<PlanChunk> plan, string text)
    {
        database.Exec("SAVEPOINT drift; DELETE FROM t WHERE abs(random()) % 3 = 0");
        foreach ((string sql, object?[] values) in shape.Rows().Take(40))
        {
            try
            {
                database.Run(sql, values);
            }
            catch (SqlException)
            {
                // Refused by the key.
            }
        }

        bool isSound = IsSound(database);
        if (isSound)
        {
            PlanOracle.CheckTiling(database, "t", plan, text);
        }

        database.Exec("ROLLBACK TO drift; RELEASE drift");
        return isSound;
    }

    /// <summary>Whether SQLite's own index on an expression agrees with the table. Text that is not valid and zeros with a sign can make it
    /// another.</summary>
    private static bool IsSound(Database database) => (string)database.Scalar("PRAGMA integrity_check")! == "ok";

    private static string Schema(Database database) =>
        string.Join("\n", database.Query("SELECT sql FROM sqlite_master WHERE name NOT LIKE 'cloudsync%'").Select(row => row[0]));
}
