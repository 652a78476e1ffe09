using ChunkSync.Client.Tests.Host;

namespace ChunkSync.Client.Tests.Receiving;

/// <summary>Chunks that get lost, come twice and overtake each other.</summary>
public class ReceiveTests
{
    private static readonly ReadOptions Small = new() { MaxChunkSize = Database.SmallChunk };

    [Fact]
    public async Task Gaps_are_asked_for_until_all_has_arrived_when_chunks_get_lost()
    {
        using Database from = Database.CreateFull();
        using Database to = Database.Create();
        SiteId sender = from.Sync.Site;
        List<ChunkEnvelope> sent = await EnvelopesAsync(from, new ChunkWindow(since: 0));
        for (int i = sent.Count - 1; i >= 0; i -= 2)
        {
            ReceiveResult got = await to.Sync.ReceiveAsync(sent[i], new ReceiveOptions { ListApplied = true });
            Assert.Equal(0, got.Waiting);
            Assert.True(got.Changes == 0 || got.Applied!.Count > 0);
            Assert.Null((await to.Sync.ReceiveAsync(sent[i])).Applied);
            Assert.Null((await to.Sync.ReceiveAsync(sent[i], ReceiveOptions.Default)).Applied);
        }

        IReadOnlyList<StreamGap> gaps = to.Sync.Gaps(sender);
        Assert.Equal(gaps, to.Sync.Gaps());
        Assert.True(gaps.Count > 2 && gaps.All(gap => gap.Sender == sender));
        Assert.Null(gaps[^1].To);
        foreach (StreamGap gap in gaps.SkipLast(1))
        {
            foreach (ChunkEnvelope chunk in await EnvelopesAsync(from, gap.Window, gap.To))
            {
                await to.Sync.ReceiveAsync(chunk);
            }
        }

        StreamGap open = Assert.Single(to.Sync.Gaps(sender));
        Assert.Equal(ChunkCursor.Behind(sent[^1].Next.DbVersion), open.From);
        Assert.Null(open.Window.Until);
        Assert.Equal(from.Contents(), to.Contents());
    }

    [Fact]
    public async Task Gap_is_closed_when_the_sender_finds_nothing()
    {
        using Database to = Database.Create();
        SiteId sender = SiteId.Parse("0190a5b0c0de7111a222333344445555");
        ChunkEnvelope nothing = ChunkEnvelope.Nothing(sender, ChunkCursor.Start, until: 7);
        Assert.True(nothing.IsFinal && nothing.Payload.IsEmpty && nothing.Rows == 0);
        Assert.Equal(0, (await to.Sync.ReceiveAsync(nothing)).Changes);
        Assert.Equal(new StreamGap(sender, new ChunkCursor(8, 0, 0), null), Assert.Single(to.Sync.Gaps(sender)));
        Assert.Empty(to.Sync.Gaps(SiteId.Parse("00000000000000000000000000000001")));
    }

    [Fact]
    public async Task Chunk_is_refused_when_it_does_not_fit_its_place()
    {
        using Database from = Database.Create("INSERT INTO items VALUES ('a', 'apple', 1)");
        using Database to = Database.Create();
        ChunkEnvelope good = Assert.Single(await EnvelopesAsync(from, new ChunkWindow(since: 0)));
        ChunkEnvelope wrong = new(good.Sender, new ChunkCursor(5, 0, 0), new ChunkCursor(6, 0, 0), true, good.Payload, good.Rows);
        ChunkSyncException failure = await Assert.ThrowsAsync<ChunkSyncException>(() => to.Sync.ReceiveAsync(wrong));
        Assert.Equal(ChunkSyncErrorKind.InvalidArgument, failure.Kind);
        Assert.Equal("0", to.Text("SELECT count(*) FROM items"));
        using CancellationTokenSource early = new();
        await early.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => to.Sync.ReceiveAsync(good, early.Token));
    }

    /// <summary>The envelopes of a window, up to the chunk that reaches the end of a gap.</summary>
    private static async Task<List<ChunkEnvelope>> EnvelopesAsync(Database from, ChunkWindow window, ChunkCursor? end = null)
    {
        List<ChunkEnvelope> all = [];
        await foreach (Chunk chunk in from.Sync.ReadAsync(window, Small))
        {
            using MemoryStream frame = new();
            await chunk.ToEnvelope(from.Sync.Site).WriteToAsync(frame);
            Assert.True(ChunkEnvelope.TryRead(frame.ToArray(), out ChunkEnvelope? envelope));
            all.Add(envelope);
            if (end != null && chunk.Next >= end)
            {
                break;
            }
        }

        return all;
    }
}
