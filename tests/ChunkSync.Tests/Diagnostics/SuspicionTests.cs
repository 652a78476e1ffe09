using ChunkSync.Tests.Clock;
using ChunkSync.Tests.Host;
using ChunkSync.Tests.Receive;
using Xunit.Abstractions;

namespace ChunkSync.Tests.Diagnostics;

/// <summary>Suspicions that a file was copied or restored: changes of its own that it never made, and news out of ranges that were booked.</summary>
public class SuspicionTests(ITestOutputHelper output)
{
    private const string Suspicions = "SELECT count(*) FROM cloudsync_settings WHERE key LIKE 'chunksync\\_%' ESCAPE '\\'";

    [Fact, Soak("suspicions", Weight = 2)]
    public void Suspicion_is_there_when_copies_under_one_site_lose_something_and_never_when_nothing_was_copied()
    {
        using Effort effort = Effort.Start("suspicions", output, sample: 20);
        while (effort.Next("histories"))
        {
            bool clean = effort.Turn % 2 == 0;
            using CopyHistory history = new(effort.Random, clean, renews: false);
            history.Run();
            bool any = history.Replicas.Any(replica => (long)replica.Scalar(Suspicions)! > 0);
            string context = $"lost:\n  {string.Join("\n  ", history.Lost)}\nhistory:\n  {string.Join("\n  ", history.Log)}";
            Assert.True(!any || history.Copies > 0, "suspected without a copy: " + context);
            Assert.True(any || history.Lost.Count == 0, "not suspected: " + context);
            effort.Add("suspected", any ? 1 : 0);
        }
    }
}
