using System.Text.Json;
using ChunkSync.Tests.Host;

namespace ChunkSync.Tests.Backfill;

/// <summary>The recorded shapes: every case's plan has its properties, and resuming behind every chunk gives the rest of it.</summary>
public sealed class PlanFixtureTests
{
    private static readonly JsonElement Properties =
        JsonDocument.Parse(File.ReadAllText(Fixtures.File("backfill/properties.json"))).RootElement;

    public static TheoryData<string> Shapes => [.. Properties.EnumerateObject().Select(shape => shape.Name)];

    [Theory]
    [MemberData(nameof(Shapes))]
    public void Plan_has_the_properties_of_the_fixture_when_a_shape_is_cut(string shape)
    {
        using Database database = Open(shape, out string table);
        using IDisposable pause = database.PauseChecks();
        foreach (PlanCase properties in Cases(shape))
        {
            if (!properties.Has("error") && !DescendingKeys.AreRefused(database, Inputs(properties, table)))
            {
                List<PlanChunk> plan = PlanChunk.Plan(database, Inputs(properties, table));
                List<string> problems = PlanOracle.Check(database, table, plan, properties);
                Assert.True(problems.Count == 0, properties.Element + "\n" + string.Join("\n", problems) + "\n"
                    + string.Join("\n", plan.Take(100).Select(chunk => chunk.Line)));
            }
        }
    }

    [Theory]
    [MemberData(nameof(Shapes))]
    public void Plan_goes_on_as_before_when_it_is_resumed_behind_every_chunk(string shape)
    {
        using Database database = Open(shape, out string table);
        using IDisposable pause = database.PauseChecks();
        foreach (PlanCase properties in Cases(shape))
        {
            if (properties.Has("error") || DescendingKeys.AreRefused(database, Inputs(properties, table)))
            {
                continue;
            }

            Dictionary<string, object?> inputs = Inputs(properties, table);
            List<PlanChunk> plan = PlanChunk.Plan(database, inputs);
            int step = plan.Count > 200 ? 37 : 1;
            for (int i = 0; i < plan.Count - 1; i += step)
            {
                inputs["resume"] = plan[i].Next;
                List<PlanChunk> rest = PlanChunk.Plan(database, inputs, step == 1 ? "" : " LIMIT 5");
                Assert.Equal(plan.Skip(i + 1).Take(step == 1 ? plan.Count : 5).Select(chunk => chunk.Line), rest.Select(chunk => chunk.Line));
            }
        }
    }

    [Fact]
    public void Plan_is_refused_when_an_input_is_bad()
    {
        using Database database = Open("bad_inputs", out string table);
        foreach (PlanCase properties in Cases("bad_inputs"))
        {
            SqlException failure = Assert.Throws<SqlException>(() => PlanChunk.Plan(database, Inputs(properties, table)));
            Assert.Equal(1, failure.Code);
            Assert.StartsWith("cloudsync_backfill_plan: ", failure.Text);
            Assert.Contains(properties.Text("error"), failure.Text);
        }
    }

    private static Database Open(string shape, out string table)
    {
        Database database = Database.Open();
        database.Exec(File.ReadAllText(Fixtures.File($"backfill/{shape}.sql")));
        table = Properties.GetProperty(shape).GetProperty("table").GetString()!;
        return database;
    }

    private static List<PlanCase> Cases(string shape) =>
        [.. Properties.GetProperty(shape).GetProperty("cases").EnumerateArray().Select(element => new PlanCase(element))];

    private static Dictionary<string, object?> Inputs(PlanCase properties, string table)
    {
        Dictionary<string, object?> inputs = properties.Inputs;
        inputs.TryAdd("tbl", table);
        return inputs;
    }
}
