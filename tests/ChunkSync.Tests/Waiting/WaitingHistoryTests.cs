using ChunkSync.Tests.Host;
using Xunit.Abstractions;

namespace ChunkSync.Tests.Waiting;

/// <summary>Random histories of replicas whose tables refuse what others wrote.</summary>
public sealed class WaitingHistoryTests(ITestOutputHelper output)
{
    private const int HistoriesPerTurn = 12;

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public void Histories_are_the_same_when_their_random_numbers_are(int seed)
    {
        string[] Run()
        {
            Random random = new(seed);
            using WaitingHistory replicas = new(random);
            for (int i = 1; i <= HistoriesPerTurn; i++)
            {
                Assert.Null(replicas.Run(steps: random.Next(4, 24), isLast: i == HistoriesPerTurn));
            }

            return [.. replicas.Log, .. replicas.State()];
        }

        Assert.Equal(Run(), Run());
    }

    [Fact, Soak("waiting-histories", Weight = 3)]
    public void Nothing_stops_a_sender_and_nothing_is_lost_when_replicas_refuse_rows()
    {
        using Effort effort = Effort.Start("waiting-histories", output, sample: 170);
        Run(effort, replaces: false);
        Assert.True(Effort.IsRepeat || effort.Count("waiting_rows") > effort.Count("histories") / 4, "next to nothing waits");
    }

    /// <summary>A row that REPLACE removes takes others along, also the one that is being written.</summary>
    [Fact, Soak("waiting-replacements")]
    public void Nothing_is_lost_when_users_write_with_replace_where_deletions_cascade()
    {
        using Effort effort = Effort.Start("waiting-replacements", output, sample: 40);
        Run(effort, replaces: true);
    }

    private static void Run(Effort effort, bool replaces)
    {
        while (effort.Next("replica_groups"))
        {
            using WaitingHistory replicas = new(effort.Random, replaces);
            for (int i = 1; i <= HistoriesPerTurn; i++)
            {
                string? wrong = replicas.Run(steps: effort.Random.Next(4, 24), isLast: i == HistoriesPerTurn);
                Assert.True(wrong == null, $"{wrong}\n{string.Join("\n", replicas.Log)}");
                effort.Add("histories", 1);
            }

            effort.Add("waiting_rows", replicas.Waited);
        }
    }
}
