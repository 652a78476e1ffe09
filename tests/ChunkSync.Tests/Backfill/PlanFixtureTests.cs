using System.Text.Json;
using ChunkSync.Tests.Host;

namespace ChunkSync.Tests.Backfill;

/// <summary>The recorded shapes: every case's plan has its properties, and resuming behind every chunk gives the rest of it.</summary>
public sealed class PlanFixtureTests
{
    private static readonly JsonElement Properties =
        JsonDocument.Parse(File.ReadAllText(Fixtures.File("backfill/properties.json"))).RootElement;

    /// <summary>SHA-256 of the plan of each case, by shape and number.</summary>
    private static readonly Lazy<Dictionary<string, string>> Recorded = new(() =>
        File.ReadLines(PlansFile).Select(line => line.Split(' ')).ToDictionary(parts => parts[0] + " " + parts[1], parts => parts[2]));

    private static string PlansFile => Fixtures.File("backfill/plans.sha256");

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
            bool isLong = plan.Count > 200;
            foreach (int i in Share.Of(Enumerable.Range(0, Math.Max(plan.Count - 1, 0)).Where(i => !isLong || i % 37 == 0), parts: 4))
            {
                inputs["resume"] = plan[i].Next;
                List<PlanChunk> rest = PlanChunk.Plan(database, inputs, isLong ? " LIMIT 5" : "");
                Assert.Equal(plan.Skip(i + 1).Take(isLong ? 5 : plan.Count).Select(chunk => chunk.Line), rest.Select(chunk => chunk.Line));
            }
        }
    }

    [Theory]
    [MemberData(nameof(Shapes))]
    public void Plan_is_the_recorded_one_byte_by_byte_when_connection_file_and_version_differ(string shape)
    {
        using TempFile file = new();
        using Database database = Open(shape, out string table);
        database.Run("VACUUM INTO ?", file.Path);
        using Database copy = Database.Open(file.Path);
        using Database third = Database.Open(file.Path, readOnly: true);
        List<string> found = [];
        int number = 0;
        foreach (PlanCase properties in Cases(shape).Where(properties => !properties.Has("error")))
        {
            Dictionary<string, object?> inputs = Inputs(properties, table);
            string name = $"{shape} {number++}";
            if (DescendingKeys.AreRefused(database, inputs))
            {
                found.Add($"{name} {Recorded.Value.GetValueOrDefault(name)}");
                continue;
            }

            List<string> plan = Lines(database, inputs);
            Assert.Equal(plan, Lines(database, inputs));
            Assert.Equal(plan, Lines(copy, inputs));
            Assert.Equal(plan, Lines(third, inputs));
            byte[] bytes = System.Text.Encoding.UTF8.GetBytes(string.Join("\n", plan));
            found.Add($"{name} {Convert.ToHexStringLower(System.Security.Cryptography.SHA256.HashData(bytes))}");
        }

        if (Environment.GetEnvironmentVariable("CHUNKSYNC_WRITE_DOCS") == "1")
        {
            Record(shape, found);
        }

        Assert.Equal(Recorded.Value.Where(pair => pair.Key.StartsWith(shape + " ", StringComparison.Ordinal)).Select(pair => pair.Key + " " + pair.Value), found.Order(StringComparer.Ordinal));
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

    /// <summary>Writes the plans of a shape to the recorded ones: where the format of plans has changed on purpose.</summary>
    private static void Record(string shape, List<string> found)
    {
        lock (Recorded)
        {
            IEnumerable<string> others = File.Exists(PlansFile) ? File.ReadLines(PlansFile).Where(line => !line.StartsWith(shape + " ", StringComparison.Ordinal)) : [];
            File.WriteAllLines(PlansFile, others.Concat(found).Order(StringComparer.Ordinal).ToList());
        }
    }

    private static List<string> Lines(Database database, Dictionary<string, object?> inputs)
    {
        using IDisposable pause = database.PauseChecks();
        return [.. PlanChunk.Plan(database, inputs).Select(chunk => chunk.Line)];
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
