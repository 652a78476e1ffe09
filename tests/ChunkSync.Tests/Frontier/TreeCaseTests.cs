using System.Text.Json;
using ChunkSync.Tests.Host;

namespace ChunkSync.Tests.Frontier;

/// <summary>The recorded histories: as given, reversed, as one batch, and closed and opened between batches.</summary>
public sealed class TreeCaseTests
{
    public static TheoryData<string> Names
    {
        get
        {
            TheoryData<string> names = [];
            foreach (string line in File.ReadLines(Fixtures.File("tree/cases.jsonl")))
            {
                using JsonDocument document = JsonDocument.Parse(line);
                names.Add(document.RootElement.GetProperty("name").GetString()!);
            }

            return names;
        }
    }

    [Theory, MemberData(nameof(Names))]
    public void Case_has_the_recorded_result_when_the_model_replays_it(string name)
    {
        TreeCase recorded = TreeCase.Load(name);
        NaiveTree model = NaiveTree.Replay(recorded.Operations);
        Assert.Equal(recorded.Canonical.Select(index => recorded.Operations[index].Identity), model.Counted.Select(operation => operation.Identity));
        Assert.Equal(recorded.Effective, string.Concat(model.Effective.Select(effective => effective ? '1' : '0')));
        Assert.Equal(recorded.Void.Select(index => recorded.Operations[index].Identity).Order(), model.Void.Order());
        Assert.Equal(recorded.Held.Select(index => recorded.Operations[index].Identity).Order(), model.Held.Order());
        Assert.Equal(recorded.Places.OrderBy(pair => pair.Key), model.Places.ToDictionary(pair => pair.Key, pair => NaiveTree.Describe(pair.Value)).OrderBy(pair => pair.Key));
    }

    [Theory, MemberData(nameof(Names))]
    public void Tree_equals_the_model_when_a_recorded_history_arrives_in_its_batches(string name)
    {
        TreeCase recorded = TreeCase.Load(name);
        using Database database = Database.Open();
        Deliver(recorded.Operations, recorded.Batches, reopens: false);
        Deliver(recorded.Operations, recorded.Batches, reopens: true);
    }

    [Theory, MemberData(nameof(Names))]
    public void Tree_equals_the_model_when_a_recorded_history_arrives_backwards_or_at_once(string name)
    {
        TreeCase recorded = TreeCase.Load(name);
        using Database database = Database.Open();
        Deliver(recorded.Operations, [recorded.Operations.Count], reopens: false);

        // One at a time is quadratic with a rewind each: not for the longest ones.
        int step = recorded.Operations.Count > 2000 ? recorded.Operations.Count / 5 : 1;
        List<int> batches = [.. Enumerable.Repeat(step, recorded.Operations.Count / step), recorded.Operations.Count % step];
        Deliver([.. recorded.Operations.AsEnumerable().Reverse()], batches, reopens: false);
    }

    private static void Deliver(IReadOnlyList<NaiveOperation> operations, IEnumerable<int> batches, bool reopens)
    {
        using MemoryTreeStore store = new();
        int arrived = 0;
        foreach (int count in batches)
        {
            for (int end = arrived + count; arrived < end; arrived++)
            {
                store.Store(operations[arrived]);
            }

            store.Fold();
            if (reopens)
            {
                store.Reopen();
            }

            if (operations.Count < 200 || arrived == operations.Count)
            {
                TreeCheck.Equal(store, operations.Take(arrived));
            }
        }
    }
}
