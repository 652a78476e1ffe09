using ChunkSync.Client.Tests.Host;

namespace ChunkSync.Client.Tests.Diagnostics;

/// <summary>Progress never says more than all, and ends with it.</summary>
public class ProgressTests
{
    [Fact]
    public async Task Percent_ends_with_a_hundred_when_the_plan_was_right_or_wrong()
    {
        using Database database = Database.CreateFull();
        ReadOptions small = new() { MaxChunkSize = Database.SmallChunk };
        SendPlan plan = await database.Sync.PlanAsync(new ChunkWindow(since: 0), small);
        SendPlan tooSmall = await database.Sync.PlanAsync(new ChunkWindow(since: 2), small);
        foreach (SendPlan? known in (SendPlan?[])[plan, tooSmall, null])
        {
            ProgressList progress = new();
            long rows = 0;
            await foreach (Chunk chunk in database.Sync.ReadAsync(new ChunkWindow(since: 0), small with { Plan = known, Progress = progress }))
            {
                rows += chunk.Rows;

                // Longer than the pause between two reports.
                await Task.Delay(chunk.Index < 2 ? 110 : 0);
            }

            Assert.True(progress.All.Count >= 3, $"{progress.All.Count} reports");
            Assert.All(progress.All, one => Assert.True(one.Phase == SyncPhase.Reading && one.Percent is null or (>= 0 and <= 100)));
            Assert.Equal(progress.All, progress.All.OrderBy(one => one.Bytes));
            Assert.True(progress.All.Zip(progress.All.Skip(1)).SkipLast(1).All(pair => pair.Second.Elapsed - pair.First.Elapsed >= TimeSpan.FromMilliseconds(100)));
            SyncProgress last = progress.All[^1];
            Assert.Equal((plan.Chunks.Count, rows, plan.Bytes, plan.Bytes, rows), (last.Chunks, last.Rows, last.Bytes, last.TotalBytes, last.TotalRows));
            Assert.Equal(100, last.Percent);
            Assert.Equal(known == null, progress.All[0].TotalBytes == null);
        }

        ProgressList nothing = new();
        Assert.Empty(await database.Sync.ReadAsync(new ChunkWindow(since: 1000), new ReadOptions { Progress = nothing }).ToListAsync());
        Assert.Equal(100, Assert.Single(nothing.All).Percent);
        Assert.Null(new SyncProgress(SyncPhase.Applying, 1, 1, 1, null, null, TimeSpan.Zero).Percent);
    }
}
