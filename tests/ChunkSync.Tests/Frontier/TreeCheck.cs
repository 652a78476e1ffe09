using ChunkSync.Frontier;

namespace ChunkSync.Tests.Frontier;

/// <summary>Compares what the engine keeps with the model.</summary>
internal static class TreeCheck
{
    /// <summary>Nodes, log, undo, effects and what is held, against a replay of everything that arrived.</summary>
    public static void Equal(MemoryTreeStore store, IEnumerable<NaiveOperation> operations)
    {
        NaiveTree model = NaiveTree.Replay(operations);
        Dictionary<string, string> places = store.Places();
        foreach ((string node, (string? Parent, object? Position) place) in model.Places)
        {
            Assert.Equal($"{node}: {NaiveTree.Describe(place)}", $"{node}: {places.GetValueOrDefault(node)}");
        }

        foreach (string other in places.Keys.Except(model.Places.Keys))
        {
            Assert.Equal("root at NULL", places[other]);
        }

        Dictionary<string, string> rows = store.Log.ToDictionary(
            row => store.Identity(row.Operation), row => $"{row.IsEffective} from {store.Describe(row.Undo)}");
        int missing = 0;
        for (int i = 0; i < model.Counted.Count; i++)
        {
            NaiveOperation operation = model.Counted[i];
            if (operation.Lamport <= store.Floor && !rows.ContainsKey(operation.Identity))
            {
                missing++;
                continue;
            }

            Assert.Equal($"{operation.Identity} {model.Effective[i]} from {NaiveTree.Describe(model.Undo[i])}",
                $"{operation.Identity} {rows.GetValueOrDefault(operation.Identity)}");
        }

        Assert.Equal(model.Counted.Count - missing, rows.Count);
        Assert.Equal(model.Held.Count, store.PendingCount);
    }
}
