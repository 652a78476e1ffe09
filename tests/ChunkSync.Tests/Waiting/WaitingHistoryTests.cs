using ChunkSync.Tests.Host;
using Xunit.Abstractions;

namespace ChunkSync.Tests.Waiting;

/// <summary>Random histories of replicas whose tables refuse what others wrote.</summary>
public sealed class WaitingHistoryTests(ITestOutputHelper output)
{
    private const int HistoriesPerTurn = 12;

    [Fact, Soak("waiting-histories", Weight = 3)]
    public void Nothing_stops_a_sender_and_nothing_is_lost_when_replicas_refuse_rows()
    {
        using Effort effort = Effort.Start("waiting-histories", output, sample: 170);
        while (effort.Next("replica_groups"))
        {
            using WaitingHistory replicas = new(effort.Random);
            for (int i = 1; i <= HistoriesPerTurn; i++)
            {
                string? wrong = replicas.Run(steps: effort.Random.Next(4, 24), isLast: i == HistoriesPerTurn);
                Assert.True(wrong == null, $"{wrong}\n{string.Join("\n", replicas.Log)}");
                effort.Add("histories", 1);
            }

            effort.Add("waiting_rows", replicas.Waited);
        }

        Assert.True(Effort.IsRepeat || effort.Count("waiting_rows") > effort.Count("histories") / 4, "next to nothing waits");
    }
}
