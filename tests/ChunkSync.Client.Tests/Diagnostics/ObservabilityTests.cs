using System.Collections.Concurrent;
using System.Diagnostics;
using System.Diagnostics.Metrics;
using ChunkSync.Client.Tests.Host;

namespace ChunkSync.Client.Tests.Diagnostics;

/// <summary>Activities and meters, for those who listen. Other tests run beside: what they do is told apart by the parent activity and by being more.</summary>
public class ObservabilityTests
{
    [Fact]
    public async Task Activities_say_what_was_done_and_no_key_when_somebody_listens()
    {
        ConcurrentQueue<Activity> stopped = [];
        using ActivitySource mine = new("ChunkSync.Client.Tests");
        using ActivityListener listener = new()
        {
            ShouldListenTo = source => source.Name is "ChunkSync" or "ChunkSync.Client.Tests",
            Sample = (ref ActivityCreationOptions<ActivityContext> _) => ActivitySamplingResult.AllData,
            ActivityStopped = stopped.Enqueue,
        };
        ActivitySource.AddActivityListener(listener);
        using Database from = Database.Create("INSERT INTO items VALUES ('secret', 'secret', 1)");
        using Database to = Database.Create();
        using Activity parent = mine.StartActivity("parent")!;
        byte[] payload = Assert.Single(await from.PayloadsAsync());
        await from.Sync.PlanAsync(new ChunkWindow(since: 0));
        await to.Sync.ApplyAsync(payload);
        await to.Sync.ReceiveAsync(new ChunkEnvelope(from.Sync.Site, ChunkCursor.Start, new ChunkCursor(1, 0, 0), true, payload, 2));
        await Assert.ThrowsAsync<ChunkSyncException>(() => to.Sync.ApplyAsync(new byte[40]));
        parent.Stop();

        Activity[] all = [.. stopped.Where(activity => activity.ParentId == parent.Id && activity.Source.Name == "ChunkSync")];
        Assert.Equal(["read.page", "plan", "apply", "receive", "apply"], all.Select(activity => activity.OperationName));
        Assert.All(all, activity => Assert.Equal("sqlite", activity.GetTagItem("db.system")));
        Assert.Equal((2L, (long)payload.Length, true),
            (all[0].GetTagItem("chunksync.rows"), all[0].GetTagItem("chunksync.bytes"), all[0].GetTagItem("chunksync.is_final")));
        Assert.Equal((2L, (long)payload.Length), (all[2].GetTagItem("chunksync.rows"), all[2].GetTagItem("chunksync.bytes")));
        Assert.Equal(true, all[3].GetTagItem("chunksync.is_final"));
        Assert.Equal((ActivityStatusCode.Error, "InvalidPayload"), (all[4].Status, all[4].GetTagItem("error.type")));
        Assert.DoesNotContain(all.SelectMany(activity => activity.TagObjects), tag => $"{tag.Value}".Contains("secret", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Instruments_count_when_somebody_listens()
    {
        ConcurrentDictionary<string, double> sums = [];
        ConcurrentQueue<double> gaps = [];
        using MeterListener listener = new();
        listener.InstrumentPublished = (instrument, self) =>
        {
            if (instrument.Meter.Name == "ChunkSync")
            {
                self.EnableMeasurementEvents(instrument);
            }
        };
        void Add(Instrument instrument, double value)
        {
            sums.AddOrUpdate(instrument.Name, value, (_, sum) => sum + value);
            if (instrument.Name == "chunksync.receive.gaps")
            {
                gaps.Enqueue(value);
            }
        }

        listener.SetMeasurementEventCallback<long>((instrument, value, _, _) => Add(instrument, value));
        listener.SetMeasurementEventCallback<double>((instrument, value, _, _) => Add(instrument, value));
        listener.Start();

        using Database from = Database.Create("INSERT INTO items VALUES ('a', 'apple', 1)");
        using Database to = Database.Create();
        byte[] payload = Assert.Single(await from.PayloadsAsync());
        await to.Sync.ApplyAsync(payload);

        // Version 1 is there, 2 to 6 are not.
        await to.Sync.ReceiveAsync(new ChunkEnvelope(from.Sync.Site, ChunkCursor.Start, new ChunkCursor(1, 0, 0), true, payload, 2));
        await to.Sync.ReceiveAsync(ChunkEnvelope.Nothing(from.Sync.Site, new ChunkCursor(7, 0, 0), 8));
        Assert.Contains(1, gaps);
        Assert.True(sums["chunksync.read.bytes"] >= payload.Length && sums["chunksync.read.chunks"] >= 1 && sums["chunksync.read.rows"] >= 2);
        Assert.True(sums["chunksync.apply.bytes"] >= 2 * payload.Length && sums["chunksync.apply.rows"] >= 4);
        Assert.True(sums["chunksync.page.duration"] > 0 && sums["chunksync.apply.duration"] > 0);
    }
}
