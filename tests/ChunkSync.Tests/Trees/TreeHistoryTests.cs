using System.Globalization;
using ChunkSync.Tests.Host;
using Xunit.Abstractions;

namespace ChunkSync.Tests.Trees;

/// <summary>Random SQL on several replicas of a tree table, and chunks that overtake each other, come twice or not at all until they are sent again:
/// rows have no cycle after any statement, and at the end every replica equals the model.</summary>
public sealed class TreeHistoryTests(ITestOutputHelper output)
{
    private const int Replicas = 6;
    private const int Shapes = 8;

    /// <summary>Histories behind which the consistency check of clocks and rows runs.</summary>
    private const int Checked = 25;

    [Fact, Soak("tree-histories", Weight = 3)]
    public void Replicas_equal_the_model_when_everything_was_exchanged()
    {
        using Effort effort = Effort.Start("tree-histories", output, sample: 1000);
        Dictionary<int, (TreeShape Shape, TreeReplica[] Replicas)> worlds = [];
        try
        {
            while (effort.Next("histories"))
            {
                Run(effort, worlds);
            }
        }
        finally
        {
            foreach ((_, TreeReplica[] replicas) in worlds.Values)
            {
                Array.ForEach(replicas, replica => replica.Dispose());
            }
        }
    }

    private void Run(Effort effort, Dictionary<int, (TreeShape Shape, TreeReplica[] Replicas)> worlds)
    {
        // The shapes are those of the seed: a turn that is repeated alone meets the same.
        int seed = int.Parse(effort.Seed.Split('/')[0], CultureInfo.InvariantCulture);
        int number = (int)(effort.Turn / 20_000 * Shapes) + effort.Random.Next(Shapes);
        if (!worlds.TryGetValue(number, out (TreeShape Shape, TreeReplica[] Replicas) world))
        {
            TreeShape shape = TreeShape.Next(new Random(seed ^ (number * 7919)));
            world = (shape, [.. Enumerable.Range(0, Replicas).Select(_ => new TreeReplica(shape))]);
            worlds.Add(number, world);
        }

        int count = effort.Random.Next(4) == 0 ? effort.Random.Next(4, Replicas + 1) : effort.Random.Next(2, 4);
        IDisposable[] pauses = effort.Turn % Checked == 0 ? [] : [.. world.Replicas.Select(replica => replica.Database.PauseChecks())];
        TreeHistory history = new(effort.Random, world.Shape, world.Replicas.AsMemory(0, count));
        try
        {
            history.Run(effort.Random.Next(20) == 0 ? effort.Random.Next(20, 60) : effort.Random.Next(3, 14));
            effort.Add("statements", history.Statements);
            effort.Add("operations", history.Operations);
            effort.Add("refused", history.Refused);
            for (int i = 0; i < count; i++)
            {
                world.Replicas[i].Empty();
            }
        }
        catch
        {
            output.WriteLine(history.Script);
            throw;
        }
        finally
        {
            Array.ForEach(pauses, pause => pause.Dispose());
        }
    }
}
