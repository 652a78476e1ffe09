using ChunkSync.Tests.Frontier;
using ChunkSync.Tests.Host;
using Xunit.Abstractions;

namespace ChunkSync.Tests.Trees;

/// <summary>Random SQL on several replicas of a tree table, and chunks that overtake each other, come twice or not at all until they are sent again:
/// rows have no cycle after any statement, and at the end every replica equals the model.</summary>
public sealed class TreeHistoryTests(ITestOutputHelper output)
{
    [Fact, Soak("tree-histories", Weight = 3)]
    public void Replicas_equal_the_model_when_everything_was_exchanged()
    {
        using Effort effort = Effort.Start("tree-histories", output, sample: 25);
        while (effort.Next("histories"))
        {
            using TreeHistory history = new(effort.Random);
            history.Run();
            effort.Add("statements", history.Statements);
            effort.Add("operations", history.Operations);
            effort.Add("refused", history.Refused);
        }
    }
}
