using ChunkSync.Tests.Host;
using Xunit.Abstractions;

namespace ChunkSync.Tool.Tests;

public sealed class SyncHistoryTests(ITestOutputHelper output)
{
    [Fact, Soak("sync-histories", Weight = 2)]
    public async Task Devices_are_equal_when_they_sync_through_one_store_in_any_way()
    {
        using Effort effort = Effort.Start("sync-histories", output, sample: 4);
        while (effort.Next("histories"))
        {
            using SyncHistory history = new(effort.Random);
            for (int step = effort.Random.Next(20, 60); step > 0; step--)
            {
                await history.StepAsync();
            }

            await history.EndAsync();
            foreach ((string kind, long count) in history.Counts)
            {
                effort.Add(kind, count);
            }
        }
    }
}
