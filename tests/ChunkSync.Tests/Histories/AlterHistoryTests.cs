using ChunkSync.Tests.Host;
using Xunit.Abstractions;

namespace ChunkSync.Tests.Histories;

/// <summary>Replicas that write, alter their tables, rebuild them, change filters, reopen, roll back, and hear of each other in any order: nothing is
/// lost by it, no db_version is used twice, and all end the same.</summary>
public class AlterHistoryTests(ITestOutputHelper output)
{
    private static readonly TimeSpan ShrinkLimit = TimeSpan.FromSeconds(20);

    [Fact, Soak("alter-histories", Weight = 4)]
    public void Nothing_is_lost_and_replicas_converge_when_tables_are_altered_in_the_middle()
    {
        using Effort effort = Effort.Start("alter-histories", output, sample: 40);
        while (effort.Next("histories"))
        {
            History history = HistoryGenerator.Make(effort.Random, Enum.GetValues<StepKind>());
            HistoryOutcome outcome = HistoryRunner.Run(history);
            effort.Add("steps", history.Steps.Count);
            effort.Add("statements", outcome.Script.Count);
            if (outcome.Failure != null)
            {
                Assert.Fail(HistoryShrinker.Report(history, outcome, ShrinkLimit));
            }
        }
    }
}
