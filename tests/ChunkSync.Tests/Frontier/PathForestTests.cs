using ChunkSync.Frontier;
using ChunkSync.Tests.Host;
using Xunit.Abstractions;

namespace ChunkSync.Tests.Frontier;

/// <summary>What is above what, against going up one by one.</summary>
public sealed class PathForestTests(ITestOutputHelper output)
{
    [Fact]
    public void Node_is_above_another_when_going_up_leads_to_it()
    {
        using Database database = Database.Open();
        Random random = new(Seed.Next(output));
        for (int turn = 0; turn < 200; turn++)
        {
            using PathForest forest = new();
            int[] parents = new int[random.Next(2, 60)];
            for (int i = 1; i < parents.Length; i++)
            {
                Assert.Equal(i, forest.Add());
            }

            for (int step = 0; step < 400; step++)
            {
                int node = random.Next(1, parents.Length);
                int other = random.Next(1, parents.Length);
                Assert.Equal(IsAbove(parents, node, other), forest.IsAbove(node, other));
                if (random.Next(8) == 0)
                {
                    forest.Cut(node);
                    parents[node] = 0;
                }
                else if (!IsAbove(parents, node, other))
                {
                    forest.Cut(node);
                    forest.Link(node, other);
                    parents[node] = other;
                }
            }
        }
    }

    [Fact]
    public void Chain_is_asked_a_hundred_thousand_times_when_it_is_as_deep()
    {
        using Database database = Database.Open();
        const int Depth = 100_000;
        using PathForest forest = new();
        forest.Add();
        for (int i = 2; i <= Depth; i++)
        {
            forest.Add();
            forest.Link(i, i - 1);
        }

        for (int i = 1; i < Depth; i++)
        {
            Assert.True(forest.IsAbove(i, Depth));
            Assert.False(forest.IsAbove(Depth, i));
        }
    }

    private static bool IsAbove(int[] parents, int node, int other)
    {
        int at = other;
        while (at != 0 && at != node)
        {
            at = parents[at];
        }

        return at == node;
    }
}
