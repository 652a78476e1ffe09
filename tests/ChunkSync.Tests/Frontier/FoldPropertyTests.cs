using ChunkSync.Frontier;
using ChunkSync.Tests.Host;
using Xunit.Abstractions;

namespace ChunkSync.Tests.Frontier;

/// <summary>Random operations in random orders, with repeats, equal stamps, retractions, jumps of the clock and compaction, against the model.</summary>
public sealed class FoldPropertyTests(ITestOutputHelper output)
{
    [Fact, Soak("tree-folds")]
    public void Tree_equals_the_model_when_operations_arrive_in_any_order()
    {
        using Database database = Database.Open();
        using Effort effort = Effort.Start("tree-folds", output, sample: 1500);
        while (effort.Next("histories"))
        {
            Run(effort.Random, effort);
        }
    }

    private static void Run(Random random, Effort effort)
    {
        List<NaiveOperation> operations = Operations(random);
        int lateness = random.Next(3) switch { 0 => 2, 1 => 10, _ => 1000 };
        List<NaiveOperation> arrivals = [.. operations.Select((operation, index) => (operation, at: index + (random.NextDouble() * lateness)))
            .OrderBy(pair => pair.at).Select(pair => pair.operation)];
        using MemoryTreeStore store = new()
        {
            PageRows = random.Next(3) switch { 0 => 1, 1 => random.Next(2, 9), _ => 4096 },
            AtOnce = random.Next(2) == 0 ? int.MaxValue : random.Next(1, 6),
            Steps = random.Next(3) switch { 0 => -1, 1 => random.Next(20), _ => Nodes.Steps },
        };
        Dictionary<string, NaiveOperation> carrier = [];
        bool compacts = random.Next(4) == 0;
        int batch = random.Next(1, 9);
        for (int i = 0; i < arrivals.Count;)
        {
            for (int end = Math.Min(i + random.Next(1, batch + 1), arrivals.Count); i < end; i++)
            {
                store.Store(arrivals[i]);
                carrier[arrivals[i].Identity] = arrivals[i];
                if (random.Next(12) == 0)
                {
                    NaiveOperation other = arrivals[random.Next(i + 1)];
                    carrier.Remove(other.Identity);
                    store.Retract(other);
                }

                if (random.Next(12) == 0)
                {
                    NaiveOperation other = arrivals[random.Next(i + 1)];
                    carrier[other.Identity] = other;
                    store.Store(other);
                }
            }

            store.Fold();
            effort.Add("folds", 1);
            TreeCheck.Equal(store, carrier.Values);
            if (compacts && store.PendingCount == 0 && store.Log.Count > 0 && random.Next(6) == 0)
            {
                store.Compact(store.Log[random.Next(store.Log.Count)].Operation.Stamp.Lamport);
            }
        }
    }

    private static List<NaiveOperation> Operations(Random random)
    {
        int nodes = random.Next(2, 9);
        int sites = random.Next(1, 5);
        long clock = random.Next(3) == 0 ? -20 : 0;
        List<NaiveOperation> operations = [];
        int count = random.Next(3, 40);
        for (int i = 0; i < count; i++)
        {
            clock += random.Next(60) == 0 ? (1L << 32) - random.Next(-1, 40) : random.Next(0, 3);
            object node = Key(random.Next(nodes));
            object parent = random.Next(6) == 0 ? node : Key(random.Next(nodes));
            string site = $"{random.Next(sites) + 1:x32}";
            if (operations.Count > 0 && random.Next(15) == 0)
            {
                NaiveOperation same = operations[random.Next(operations.Count)];
                operations.Add(same with { Node = node, Parent = parent });
                continue;
            }

            operations.Add(new NaiveOperation(clock, site, node, parent, Position(random)));
        }

        return operations;
    }

    private static object Key(int index) => (index % 3) switch { 0 => (long)index, 1 => "k" + index, _ => new[] { (byte)index } };

    private static object Position(Random random) => random.Next(6) switch
    {
        0 => Array.Empty<byte>(),
        1 => (long)random.Next(4),
        2 => random.Next(4) / 2.0,
        3 => new string('p', random.Next(10, 40)),
        _ => "n" + random.Next(4),
    };
}
