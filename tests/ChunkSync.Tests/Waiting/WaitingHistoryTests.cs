using ChunkSync.Tests.Host;
using Xunit.Abstractions;

namespace ChunkSync.Tests.Waiting;

/// <summary>Random histories of replicas whose tables refuse what others wrote.</summary>
public sealed class WaitingHistoryTests(ITestOutputHelper output)
{
    [Fact, Soak("waiting-histories", Weight = 2)]
    public void Nothing_stops_a_sender_and_nothing_is_lost_when_replicas_refuse_rows()
    {
        using Effort effort = Effort.Start("waiting-histories", output, sample: 30);
        while (effort.Next("histories"))
        {
            using WaitingHistory history = new(effort.Random);
            history.Run(steps: 40);
            Assert.True(history.Jams == 0, $"a payload was refused\n{string.Join("\n", history.Log)}");
            string? unexplained = history.Unexplained();
            Assert.True(unexplained == null, $"a row differs and nothing of it waits: {unexplained}\n{string.Join("\n", history.Log)}");
            string? lost = history.Lost();
            Assert.True(lost == null, $"something was lost: {lost}\n{string.Join("\n", history.Log)}");
            effort.Add("waiting rows", history.Waited);
        }

        Assert.True(Effort.IsRepeat || effort.Count("waiting rows") > effort.Count("histories") / 4, "next to nothing waits");
    }
}
