using System.Diagnostics;
using ChunkSync.Client.Tests.Host;
using SQLitePCL;
using Xunit.Abstractions;

namespace ChunkSync.Client.Tests.Applying;

/// <summary>Tokens that are cancelled at every page of a read and in the middle of applies.</summary>
public class CancellationTests(ITestOutputHelper output)
{
    /// <summary>A sample, or what a soak run takes.</summary>
    private static readonly int Instants = Environment.GetEnvironmentVariable("CHUNKSYNC_ALL_CASES") == "1" ? 200 : 15;

    [Fact]
    public async Task Read_ends_and_its_repeat_is_whole_when_it_is_cancelled_at_any_page()
    {
        using Database from = Database.CreateFull();
        List<byte[]> all = await from.PayloadsAsync();
        ReadOptions small = new() { MaxChunkSize = Database.SmallChunk };
        for (int page = 0; page < all.Count - 1; page++)
        {
            using CancellationTokenSource cancellation = new();
            int read = 0;
            await Assert.ThrowsAnyAsync<OperationCanceledException>(async () =>
            {
                await foreach (Chunk chunk in from.Sync.ReadAsync(new ChunkWindow(since: 0), small, cancellation.Token))
                {
                    Assert.Equal(all[read], chunk.Payload.ToArray());
                    if (read++ == page)
                    {
                        await cancellation.CancelAsync();
                    }
                }
            });
            Assert.Equal(page + 1, read);
            Assert.Equal(1, raw.sqlite3_get_autocommit(from.Connection.Handle!));
        }

        Assert.Equal(all, await from.PayloadsAsync());
        using CancellationTokenSource early = new();
        await early.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => from.Sync.PlanAsync(new ChunkWindow(since: 0), early.Token));
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => from.Sync.ApplyAsync(all[0], cancellationToken: early.Token));
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => from.Sync.ReadAsync(new ChunkWindow(since: 0), small, early.Token).ToListAsync());
        await Assert.ThrowsAnyAsync<OperationCanceledException>(async () =>
        {
            await foreach (Chunk chunk in from.Sync.ReadAsync(new ChunkWindow(since: 0), small).WithCancellation(early.Token))
            {
                Assert.Fail($"chunk {chunk.Index} was read");
            }
        });
        foreach (bool one in (bool[])[false, true])
        {
            await Assert.ThrowsAnyAsync<OperationCanceledException>(
                () => from.Sync.ApplyAllAsync(Async.AtOnce(all), new ApplyAllOptions { OneTransaction = one }, early.Token));
            Assert.Equal(1, raw.sqlite3_get_autocommit(from.Connection.Handle!));
        }
    }

    [Fact]
    public async Task Apply_is_undone_and_its_repeat_completes_when_it_is_cancelled_at_any_instant()
    {
        using Database from = Database.CreateFull(rows: 6000);
        from.Run("SELECT cloudsync_set('payload_max_chunk_size', 33554432)");
        byte[] payload = Assert.Single(await from.Sync.ReadAsync(new ChunkWindow(since: 0)).ToArraysAsync());
        int seed = int.TryParse(Environment.GetEnvironmentVariable("CHUNKSYNC_SEED"), out int given) ? given : Random.Shared.Next();
        output.WriteLine($"seed {seed}");
        Random random = new(seed);
        TimeSpan whole = TimeSpan.MaxValue;
        (int cancelled, double worst) = (0, 0);
        for (int i = 0; i < Instants; i++)
        {
            using Database to = Database.Create();
            using CancellationTokenSource cancellation = new();
            long began = Stopwatch.GetTimestamp();
            long asked = 0;
            TimeSpan delay = i == 0 ? TimeSpan.FromMinutes(1) : whole * (1.5 * random.NextDouble());
            await using Timer timer = new(_ => Cancel(cancellation, ref asked), null, delay, Timeout.InfiniteTimeSpan);
            bool isApplied = true;
            try
            {
                await to.Sync.ApplyAsync(payload, cancellationToken: cancellation.Token);
            }
            catch (OperationCanceledException)
            {
                isApplied = false;
                cancelled++;
                worst = Math.Max(worst, Stopwatch.GetElapsedTime(Volatile.Read(ref asked)).TotalMilliseconds);
            }

            // Applies become faster while the code is compiled.
            TimeSpan elapsed = Stopwatch.GetElapsedTime(began);
            whole = isApplied && elapsed < whole ? elapsed : whole;
            Assert.Equal(1, raw.sqlite3_get_autocommit(to.Connection.Handle!));
            Assert.Equal("ok", to.Text("PRAGMA integrity_check"));
            Assert.Equal(isApplied ? "5999" : "0", to.Text("SELECT count(*) FROM items"));
            if (!isApplied)
            {
                await to.Sync.ApplyAsync(payload);
            }

            Assert.Equal(from.Contents(), to.Contents());
        }

        output.WriteLine($"{cancelled} of {Instants} were cancelled, the slowest after {worst:0} ms; an apply takes {whole.TotalMilliseconds:0} ms");
        Assert.True(cancelled > 0);
    }

    /// <summary>A page in the middle, on a thread of the pool or not, and a plan: they end, and the same again is whole.</summary>
    [Fact]
    public async Task Repeat_is_whole_when_a_page_or_a_plan_is_cancelled_in_the_middle()
    {
        using Database from = Database.CreateFull(rows: 12_000);
        ReadOptions large = new() { MaxChunkSize = 33_554_432 };
        byte[] all = Assert.Single(await from.Sync.ReadAsync(new ChunkWindow(since: 0), large).ToArraysAsync());
        SendPlan plan = await from.Sync.PlanAsync(new ChunkWindow(since: 0), large);
        int cancelled = 0;
        for (int i = 0; i < 24; i++)
        {
            using CancellationTokenSource cancellation = new();
            cancellation.CancelAfter(TimeSpan.FromMilliseconds(i / 2));
            try
            {
                if (i % 3 == 0)
                {
                    Assert.Equal(plan.Bytes, (await from.Sync.PlanAsync(new ChunkWindow(since: 0), large, cancellation.Token)).Bytes);
                }
                else
                {
                    IAsyncEnumerable<Chunk> chunks = from.Sync.ReadAsync(new ChunkWindow(since: 0), large with { Offload = i % 3 == 1 }, cancellation.Token);
                    Assert.Equal(all, Assert.Single(await chunks.ToArraysAsync()));
                }
            }
            catch (OperationCanceledException failure)
            {
                Assert.Equal(cancellation.Token, failure.CancellationToken);
                cancelled++;
            }

            Assert.Equal(1, raw.sqlite3_get_autocommit(from.Connection.Handle!));
        }

        Assert.True(cancelled > 0);
        Assert.Equal(all, Assert.Single(await from.Sync.ReadAsync(new ChunkWindow(since: 0), large).ToArraysAsync()));
    }

    [Fact]
    public async Task Everything_is_undone_when_one_transaction_of_payloads_is_cancelled()
    {
        using Database from = Database.CreateFull();
        List<byte[]> payloads = await from.PayloadsAsync();
        using Database to = Database.Create();
        using CancellationTokenSource cancellation = new();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() =>
            to.Sync.ApplyAllAsync(CancelBehind(payloads, 2, cancellation), new ApplyAllOptions { OneTransaction = true }, cancellation.Token));
        Assert.Equal(1, raw.sqlite3_get_autocommit(to.Connection.Handle!));
        Assert.Equal("0", to.Text("SELECT count(*) FROM items"));
        await to.Sync.ApplyAllAsync(Async.Sequence(payloads));
        Assert.Equal(from.Contents(), to.Contents());
    }

    /// <summary>Whoever interrupts a connection without a token gets SQLite's code.</summary>
    [Fact]
    public async Task Interrupt_of_somebody_else_is_no_cancellation()
    {
        using Database from = Database.Create("INSERT INTO items VALUES ('a', 'apple', 1), ('b', 'banana', 2)");
        byte[] payload = Assert.Single(await from.PayloadsAsync());
        using Database to = Database.Create();
        to.Connection.CreateFunction("stop", () =>
        {
            raw.sqlite3_interrupt(to.Connection.Handle!);
            return 0;
        });
        to.Run("CREATE TEMP TRIGGER stopper AFTER INSERT ON items BEGIN SELECT stop(); END");
        ChunkSyncException failure = await Assert.ThrowsAsync<ChunkSyncException>(() => to.Sync.ApplyAsync(payload));
        Assert.Equal(ChunkSyncErrorKind.Interrupted, failure.Kind);
    }

    private static void Cancel(CancellationTokenSource cancellation, ref long asked)
    {
        try
        {
            Volatile.Write(ref asked, Stopwatch.GetTimestamp());
            cancellation.Cancel();
        }
        catch (ObjectDisposedException)
        {
            // The apply was faster.
        }
    }

    private static async IAsyncEnumerable<ReadOnlyMemory<byte>> CancelBehind(List<byte[]> payloads, int count, CancellationTokenSource cancellation)
    {
        for (int i = 0; i < payloads.Count; i++)
        {
            if (i == count)
            {
                await cancellation.CancelAsync();
            }

            yield return payloads[i];
        }
    }
}
