using System.Collections.Concurrent;
using System.Globalization;
using ChunkSync.Client.Tests.Host;

namespace ChunkSync.Client.Tests.Connections;

/// <summary>Threads that have a context or a culture of their own.</summary>
public class ThreadTests
{
    /// <summary>What a window's thread does with <c>.Result</c>: what is posted to it waits until it is over, and a call that needs that never ends.</summary>
    [Fact]
    public async Task Calls_end_when_a_thread_with_a_context_blocks_on_them()
    {
        using Database from = Database.CreateFull(rows: 300);
        using Database to = Database.Create();
        List<ChunkEnvelope> envelopes = [];
        await foreach (Chunk chunk in from.Sync.ReadAsync(new ChunkWindow(since: 0)))
        {
            using MemoryStream bytes = new();
            await chunk.ToEnvelope(from.Sync.Site).WriteToAsync(bytes);
            bytes.Position = 0;
            envelopes.Add((await ChunkEnvelope.ReadFromAsync(bytes))!);
        }

        bool isOver = await OnThreadAsync(() =>
        {
            SynchronizationContext.SetSynchronizationContext(new BlockedContext());
            from.Run("BEGIN IMMEDIATE");
            SqliteConnection other = from.Connect();
            using Timer timer = new(_ => from.Run("COMMIT"), null, 200, Timeout.Infinite);
            foreach (bool offload in (bool[])[false, true])
            {
                Assert.NotEmpty(Drain(other.ChunkSync(), offload));
            }

            _ = other.ChunkSync().ApplyAsync(envelopes[0].Payload).Result;
            _ = to.Sync.PlanAsync(new ChunkWindow(since: 0)).Result;
            _ = to.Sync.ApplyAllAsync(Payloads(), new ApplyAllOptions { OneTransaction = true }).Result;
            _ = to.Sync.ReceiveAsync(envelopes[0]).Result;
            using SlowStream stream = new();
            envelopes[0].WriteToAsync(stream).Wait();
            stream.Position = 0;
            _ = ChunkEnvelope.ReadFromAsync(stream).Result;
        });
        Assert.True(isOver, "a call waits for the thread that waits for it");
        Assert.Equal(from.Contents(), to.Contents());

        async IAsyncEnumerable<ReadOnlyMemory<byte>> Payloads()
        {
            foreach (ChunkEnvelope envelope in envelopes)
            {
                await Task.Delay(1).ConfigureAwait(false);
                yield return envelope.Payload;
            }
        }
    }

    /// <summary>A comma in numbers, and a minus that is another letter: texts of SQL, JSON and cursors are the same all the same.</summary>
    [Fact]
    public async Task Everything_is_the_same_when_the_culture_writes_numbers_otherwise()
    {
        CultureInfo culture = (CultureInfo)CultureInfo.InvariantCulture.Clone();
        culture.NumberFormat = new NumberFormatInfo
        {
            NumberDecimalSeparator = ",",
            NumberGroupSeparator = ".",
            NegativeSign = "~",
            PositiveSign = "#",
            CurrencyDecimalSeparator = ",",
        };
        const string More = "CREATE TABLE numbers(id REAL PRIMARY KEY NOT NULL, a, b REAL, c); SELECT cloudsync_init('numbers', 'cls', 1);"
            + " INSERT INTO numbers VALUES (-1.5, -7, 2.25, -0.5), (1e300, -9223372036854775808, -1e-300, NULL)";
        (List<string> usual, string bookmark) = await TakeAsync();
        (List<string>, string) other = ([], "");
        Assert.True(await OnThreadAsync(() =>
        {
            CultureInfo.CurrentCulture = culture;
            Assert.Equal("~1,5", $"{-1.5}");
            other = TakeAsync().GetAwaiter().GetResult();
        }));
        Assert.Equal(usual, other.Item1);
        Assert.Equal(bookmark.Split(':')[..^1], other.Item2.Split(':')[..^1]);

        static async Task<(List<string> Numbers, string Bookmark)> TakeAsync()
        {
            using Database from = Database.CreateFull(rows: 400);
            from.Run(More);
            using Database to = Database.Create(More[..More.IndexOf("INSERT", StringComparison.Ordinal)].Replace(
                ", c)", ", c CHECK (c IS NULL OR c < 100))", StringComparison.Ordinal));
            List<string> seen = [];
            string bookmark = "";
            await foreach (Chunk chunk in from.Sync.ReadAsync(new ChunkWindow(since: 0), new ReadOptions { MaxChunkSize = Database.SmallChunk }).ConfigureAwait(false))
            {
                await to.Sync.ReceiveAsync(chunk.ToEnvelope(from.Sync.Site)).ConfigureAwait(false);
                bookmark = ChunkBookmark.Parse(chunk.Resume.ToString()).ToString();
                seen.Add(chunk.From.ToString());
            }

            Assert.Equal(from.Contents(), to.Contents());
            foreach (string sql in (string[])
            [
                "SELECT group_concat(quote(id) || quote(a) || quote(b) || quote(c)) FROM numbers",
                "SELECT group_concat(predicate || coalesce(lower, '') || coalesce(bind_values, '') || lineage) FROM cloudsync_backfill_plan WHERE tbl = 'numbers' AND chunks = 2",
                "SELECT count(*) FROM cloudsync_payload_chunks WHERE since_db_version = 0 AND max_chunk_size = '-5'",
                "SELECT count(*) FROM cloudsync_check",
                "SELECT count(*) FROM cloudsync_status",
            ])
            {
                seen.Add(to.Text(sql));
            }

            to.Run("SELECT cloudsync_set('apply_refused', 'stop')");
            from.Run("UPDATE numbers SET c = 1000 WHERE id = -1.5");
            List<byte[]> refused = await from.PayloadsAsync(from.Sync.DbVersion - 1).ConfigureAwait(false);
            ChunkSyncException failure = await Assert.ThrowsAsync<ChunkSyncException>(() => to.Sync.ApplyAsync(refused[0])).ConfigureAwait(false);
            Assert.Equal(ChunkSyncErrorKind.RowRefused, failure.Kind);
            seen.Add(failure.Key!);
            return (seen, bookmark);
        }
    }

    private static List<byte[]> Drain(SyncDatabase sync, bool offload)
    {
        List<byte[]> all = [];
        IAsyncEnumerator<Chunk> chunks = sync.ReadAsync(new ChunkWindow(since: 0), new ReadOptions { Offload = offload }).GetAsyncEnumerator();
        while (chunks.MoveNextAsync().AsTask().Result)
        {
            all.Add(chunks.Current.Payload.ToArray());
        }

        chunks.DisposeAsync().AsTask().Wait();
        return all;
    }

    /// <summary>Runs something on a thread of its own; false when it does not end.</summary>
    private static async Task<bool> OnThreadAsync(Action action)
    {
        TaskCompletionSource done = new(TaskCreationOptions.RunContinuationsAsynchronously);
        Thread thread = new(() =>
        {
            try
            {
                action();
                done.SetResult();
            }
            catch (Exception failure)
            {
                done.SetException(failure);
            }
        })
        {
            IsBackground = true,
        };
        thread.Start();
        if (await Task.WhenAny(done.Task, Task.Delay(TimeSpan.FromSeconds(60))) != done.Task)
        {
            return false;
        }

        await done.Task;
        return true;
    }

    /// <summary>The context of a thread that is blocked: nothing that is posted runs.</summary>
    private sealed class BlockedContext : SynchronizationContext
    {
        private readonly ConcurrentQueue<SendOrPostCallback> posted = new();

        public override void Post(SendOrPostCallback d, object? state) => posted.Enqueue(d);
    }
}
