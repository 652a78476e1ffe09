using ChunkSync.Client.Tests.Host;

namespace ChunkSync.Client.Tests.Reading;

/// <summary>Reads beside what SQL gives for the same window.</summary>
public class ReadTests
{
    private const string Other = "0190a5b0c0de7111a222333344445555";

    private static readonly ReadOptions Small = new() { MaxChunkSize = Database.SmallChunk };

    [Theory]
    [InlineData(0, 0, false)]
    [InlineData(1, 0, true)]
    [InlineData(0, 300_000, false)]
    [InlineData(3, 1, false)]
    [InlineData(100, 0, false)]
    public async Task Chunks_are_those_of_sql_when_a_window_is_read(long since, long maxWindowBytes, bool offload)
    {
        using Database database = Database.CreateFull();
        ChunkWindow window = new(since) { MaxWindowBytes = maxWindowBytes };
        List<string> bare = Bare(database.Connection, $"since_db_version = {since} AND max_window_bytes = {maxWindowBytes}");
        List<string> read = await ReadAsync(database.Sync.ReadAsync(window, Small with { Offload = offload }));
        Assert.Equal(bare, read);
        Assert.True(bare.Count > 1 || since != 0, "the window is too small");
    }

    [Fact]
    public async Task Chunks_are_those_of_sql_when_sites_are_chosen()
    {
        using Database database = Database.CreateFull(rows: 50);
        database.Run($"INSERT INTO cloudsync_changes VALUES ('items', cloudsync_pk_encode('x'), 'name', 'theirs', 1, 1, x'{Other}', 1, 0)");
        SiteId other = SiteId.Parse(Other);
        (ChunkSites Sites, string Sql)[] cases =
        [
            (ChunkSites.Own, "since_db_version = 0"),
            (ChunkSites.Only(other), $"since_db_version = 0 AND site_id = x'{Other}'"),
            (ChunkSites.AllBut(other), $"since_db_version = 0 AND site_id = x'{Other}' AND exclude_filter_site_id = 1"),
            (ChunkSites.AllBut(database.Sync.Site), "since_db_version = 0 AND site_id = cloudsync_siteid() AND exclude_filter_site_id = 1"),
        ];
        foreach ((ChunkSites sites, string sql) in cases)
        {
            List<string> bare = Bare(database.Connection, sql);
            Assert.NotEmpty(bare);
            Assert.Equal(bare, await ReadAsync(database.Sync.ReadAsync(new ChunkWindow(since: 0) { Sites = sites }, Small)));
        }
    }

    [Fact]
    public async Task Rest_is_the_same_when_every_bookmark_is_resumed_on_another_connection()
    {
        using Database database = Database.CreateFull();
        foreach (long limit in (long[])[0, 2_000_000])
        {
            List<string> all = [];
            List<string> bookmarks = [];
            await foreach (Chunk chunk in database.Sync.ReadAsync(new ChunkWindow(since: 0) { MaxWindowBytes = limit }, Small))
            {
                all.Add(Describe(chunk));
                bookmarks.Add(chunk.Resume.ToString());
                Assert.Equal(chunk.IsFinal, chunk.Resume.IsComplete);
                Assert.Equal(chunk.Next, chunk.Resume.Cursor);
                Assert.Equal((chunk.Watermark, chunk.WindowBytes), (chunk.Resume.Until, chunk.Resume.WindowBytes));
                Assert.Equal((limit, (long)Database.SmallChunk), (chunk.Resume.MaxWindowBytes, chunk.Resume.ChunkSize));
                Assert.Equal(ChunkSites.Own, chunk.Resume.Sites);
            }

            // What is written meanwhile is not of this window.
            SqliteConnection other = database.Connect();
            Database.Run(other, "INSERT INTO notes VALUES (cloudsync_uuid(), 'later')");
            for (int i = 0; i + 1 < bookmarks.Count; i++)
            {
                Assert.Equal(all.Skip(i + 1), await ReadAsync(other.ChunkSync().ReadAsync(ChunkBookmark.Parse(bookmarks[i]))));
            }

            ChunkBookmark final = ChunkBookmark.Parse(bookmarks[^1]);
            InvalidOperationException refused = Assert.Throws<InvalidOperationException>(() => other.ChunkSync().ReadAsync(final));
            Assert.Contains($"new ChunkWindow(since: {final.Until})", refused.Message, StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task Payload_is_refused_when_the_next_chunk_was_asked_for()
    {
        using Database database = Database.CreateFull();
        Chunk? before = null;
        await foreach (Chunk chunk in database.Sync.ReadAsync(new ChunkWindow(since: 0), Small))
        {
            Assert.False(chunk.Payload.IsEmpty);
            if (before != null)
            {
                Assert.Throws<InvalidOperationException>(() => before.Payload);
            }

            before = chunk;
        }

        Assert.Throws<InvalidOperationException>(() => before!.Payload);
    }

    [Fact]
    public async Task Parts_are_numbered_when_values_are_longer_than_a_chunk()
    {
        using Database database = Database.CreateFull();
        List<ChunkFragment?> parts = [];
        await foreach (Chunk chunk in database.Sync.ReadAsync(new ChunkWindow(since: 0), Small))
        {
            parts.Add(chunk.Fragment);
            Assert.Equal(chunk.IsFragment, chunk.Fragment != null);
            Assert.True(chunk.DbVersionMin <= chunk.DbVersionMax && (chunk.IsFinal || chunk.From < chunk.Next));
        }

        ChunkFragment first = parts.First(part => part != null)!.Value;
        Assert.Equal((1, 4), (first.Part, first.Parts));
        Assert.Equal([new(1, 4), new(2, 4), new(3, 4), new(4, 4), new(1, 2), new(2, 2)], parts.Where(part => part != null).Select(part => part!.Value));
        SendPlan plan = await database.Sync.PlanAsync(new ChunkWindow(since: 0), Small);
        Assert.Equal(parts, plan.Chunks.Select((PlannedChunk chunk) => chunk.Fragment));
    }

    [Fact]
    public async Task Plan_has_the_numbers_of_the_read_when_nothing_was_written_between()
    {
        using Database database = Database.CreateFull();
        SendPlan plan = await database.Sync.PlanAsync(new ChunkWindow(since: 0), Small, CancellationToken.None);
        List<(long, ChunkCursor, ChunkCursor, long, long, long, bool)> read = [];
        long bytes = 0;
        await foreach (Chunk chunk in database.Sync.ReadAsync(new ChunkWindow(since: 0), Small))
        {
            Assert.Equal(plan.Watermark, chunk.Watermark);
            read.Add((chunk.Index, chunk.From, chunk.Next, chunk.Rows, chunk.DbVersionMin, chunk.DbVersionMax, chunk.IsFinal));
            bytes = chunk.WindowBytes;
        }

        Assert.Equal(read, plan.Chunks.Select(chunk =>
            (chunk.Index, chunk.From, chunk.Next, chunk.Rows, chunk.DbVersionMin, chunk.DbVersionMax, chunk.IsFinal)));
        Assert.Equal((bytes, read.Sum(chunk => chunk.Item4)), (plan.Bytes, plan.Rows));
        Assert.Equal(bytes, plan.Chunks.Sum(chunk => chunk.Bytes));
        SendPlan nothing = await database.Sync.PlanAsync(new ChunkWindow(since: plan.Watermark));
        Assert.Equal((0, 0, 0, 0), (nothing.Chunks.Count, nothing.Rows, nothing.Bytes, nothing.Watermark));
        SendPlan some = await database.Sync.PlanAsync(new ChunkWindow(since: 1) { Until = 2 });
        Assert.Equal(2, some.Watermark);
    }

    [Fact]
    public async Task Cursor_is_suggested_when_another_chunk_size_does_not_fit_inside_a_value()
    {
        using Database database = Database.CreateFull();
        ChunkBookmark? inside = null;
        await foreach (Chunk chunk in database.Sync.ReadAsync(new ChunkWindow(since: 0), Small))
        {
            inside = inside == null && chunk.Next.Offset > 0 ? chunk.Resume : inside;
        }

        ReadOptions larger = new() { MaxChunkSize = 2 * Database.SmallChunk };
        ChunkSyncException failure = await Assert.ThrowsAsync<ChunkSyncException>(() => database.Sync.ReadAsync(inside!, larger).ToListAsync());
        Assert.Equal(ChunkSyncErrorKind.InvalidCursor, failure.Kind);
        Assert.Equal(inside!.Cursor with { Offset = 0 }, failure.SuggestedCursor);
        Assert.NotEmpty(await database.Sync.ReadAsync(new ChunkWindow(failure.SuggestedCursor!.Value) { Until = inside.Until }, larger).ToListAsync());
    }

    /// <summary>SQL takes a version of 0 for the newest one, and the text of a bookmark has no negative numbers.</summary>
    [Fact]
    public async Task Numbers_of_a_window_mean_what_they_say()
    {
        using Database database = Database.CreateFull(rows: 50);
        ChunkWindow none = new(since: 0) { Until = 0 };
        Assert.Empty(await database.Sync.ReadAsync(none).ToListAsync());
        SendPlan plan = await database.Sync.PlanAsync(none);
        Assert.Equal((0, 0, 0), (plan.Chunks.Count, plan.Rows, plan.Watermark));
        Assert.Throws<ArgumentOutOfRangeException>(() => none with { Until = -1 });
        Assert.Throws<ArgumentOutOfRangeException>(() => none with { MaxWindowBytes = -1 });
        foreach (int size in (int[])[-1, 0, 1, 262_143, 33_554_433, int.MaxValue])
        {
            Assert.Contains($"{size}", Assert.Throws<ArgumentOutOfRangeException>(() => new ReadOptions { MaxChunkSize = size }).Message, StringComparison.Ordinal);
        }

        Assert.Throws<ArgumentOutOfRangeException>(() => new ChunkWindow(since: -1));
        Assert.Throws<ArgumentOutOfRangeException>(() => new ChunkWindow(new ChunkCursor(1, 0, -1)));
        foreach (int? size in (int?[])[null, 262_144, 33_554_432])
        {
            await foreach (Chunk chunk in database.Sync.ReadAsync(new ChunkWindow(since: 0) { MaxWindowBytes = long.MaxValue }, new ReadOptions { MaxChunkSize = size }))
            {
                Assert.Equal(chunk.Resume, ChunkBookmark.Parse(chunk.Resume.ToString()));
            }
        }
    }

    /// <summary>Between two chunks nothing runs on the connection: others write, and the journal can be folded into the file.</summary>
    [Fact]
    public async Task Others_write_and_checkpoint_when_a_chunk_is_being_sent()
    {
        using Database database = Database.CreateFull();
        SqliteConnection other = database.Connect();
        await foreach (Chunk chunk in database.Sync.ReadAsync(new ChunkWindow(since: 0), Small))
        {
            Database.Run(other, $"INSERT INTO notes VALUES ('n{chunk.Index}', 'x')");
            using SqliteCommand command = other.CreateCommand();
            command.CommandText = "PRAGMA wal_checkpoint(TRUNCATE)";
            Assert.Equal(0L, command.ExecuteScalar());
        }
    }

    [Fact]
    public async Task Heap_does_not_grow_with_rows_when_chunks_are_read()
    {
        using Database database = Database.CreateFull(rows: 12_000);
        ReadOptions[] sizes = [Small, new ReadOptions { MaxChunkSize = 4 * Database.SmallChunk }];
        List<(int Chunks, long Bytes)> costs = [];
        foreach (ReadOptions options in Enumerable.Repeat(sizes, 5).SelectMany(both => both))
        {
            long before = GC.GetAllocatedBytesForCurrentThread();
            int chunks = 0;
            await foreach (Chunk chunk in database.Sync.ReadAsync(new ChunkWindow(since: 0), options))
            {
                Assert.True(chunk.Payload.Length > 0);
                chunks++;
            }

            costs.Add((chunks, GC.GetAllocatedBytesForCurrentThread() - before));
        }

        // When everything is warm: methods that are not compiled to the end box what they do not have to. What chunks cost is the difference; what the
        // read costs by itself is small.
        (int Chunks, long Bytes) small = costs.Where((_, i) => i % 2 == 0).MinBy(cost => cost.Bytes);
        (int Chunks, long Bytes) large = costs.Where((_, i) => i % 2 == 1).MinBy(cost => cost.Bytes);
        Assert.True(small.Chunks >= large.Chunks + 5, $"{small} {large}");
        long perChunk = (small.Bytes - large.Bytes) / (small.Chunks - large.Chunks);
        Assert.True(perChunk < 1024, $"{perChunk} bytes per chunk");
        Assert.True(large.Bytes < 16_384, $"{large.Bytes} bytes for {large.Chunks} chunks");
    }

    private static string Describe(Chunk chunk) => Describe(
        chunk.Payload.Span, chunk.Rows, chunk.DbVersionMin, chunk.DbVersionMax, chunk.Watermark, chunk.Next, chunk.IsFinal, chunk.WindowCapped, chunk.WindowBytes);

    private static string Describe(ReadOnlySpan<byte> payload, params object[] numbers) =>
        Convert.ToHexString(System.Security.Cryptography.SHA256.HashData(payload)) + " " + string.Join(' ', numbers);

    private static async Task<List<string>> ReadAsync(IAsyncEnumerable<Chunk> chunks)
    {
        List<string> all = [];
        ChunkCursor? next = null;
        await foreach (Chunk chunk in chunks)
        {
            Assert.True(next == null || chunk.From == next);
            next = chunk.Next;
            all.Add(Describe(chunk));
        }

        return all;
    }

    private static List<string> Bare(SqliteConnection connection, string where)
    {
        using SqliteCommand command = connection.CreateCommand();
        command.CommandText = "SELECT payload, rows, db_version_min, db_version_max, watermark_db_version, next_db_version, next_seq, next_frag_offset, is_final,"
            + $" window_capped, window_bytes FROM cloudsync_payload_chunks WHERE max_chunk_size = {Database.SmallChunk} AND {where}";
        using SqliteDataReader reader = command.ExecuteReader();
        List<string> all = [];
        while (reader.Read())
        {
            all.Add(Describe(reader.GetFieldValue<byte[]>(0), reader.GetInt64(1), reader.GetInt64(2), reader.GetInt64(3), reader.GetInt64(4),
                new ChunkCursor(reader.GetInt64(5), reader.GetInt64(6), reader.GetInt64(7)), reader.GetBoolean(8), reader.GetBoolean(9), reader.GetInt64(10)));
        }

        return all;
    }
}
