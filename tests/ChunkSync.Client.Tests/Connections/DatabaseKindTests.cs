using System.Data;
using ChunkSync.Client.Tests.Host;
using SQLitePCL;

namespace ChunkSync.Client.Tests.Connections;

/// <summary>Databases that cannot be written, are none, live in memory, or are locked by others.</summary>
public class DatabaseKindTests
{
    [Fact]
    public async Task Changes_are_read_and_a_write_says_so_when_the_database_is_read_only()
    {
        using Database database = Database.CreateFull(rows: 100);
        List<byte[]> all = await database.PayloadsAsync();
        using Database other = Database.Create("INSERT INTO items VALUES ('new', 'n', 1)");
        byte[] news = Assert.Single(await other.PayloadsAsync());
        using SqliteConnection connection = new(database.ConnectionString + ";Mode=ReadOnly");
        connection.LoadChunkSync().Open();
        SyncDatabase sync = connection.ChunkSync();
        Assert.Equal(database.Sync.Site, sync.Site);
        Assert.Equal(all, await sync.ReadAsync(new ChunkWindow(since: 0), new ReadOptions { MaxChunkSize = Database.SmallChunk }).ToArraysAsync());
        Assert.True((await sync.PlanAsync(new ChunkWindow(since: 0))).Rows > 0);
        Assert.Empty(sync.Gaps());
        List<Func<Task>> writes =
        [
            () => sync.ApplyAsync(news),
            () => sync.ApplyAllAsync(Async.Sequence([news])),
            () => sync.ReceiveAsync(new ChunkEnvelope(other.Sync.Site, ChunkCursor.Start, new ChunkCursor(1, 0, 0), true, news, 2)),
        ];
        foreach (Func<Task> write in writes)
        {
            ChunkSyncException failure = await Assert.ThrowsAsync<ChunkSyncException>(write);
            Assert.True(failure is { Kind: ChunkSyncErrorKind.ReadOnly, SqliteErrorCode: raw.SQLITE_READONLY }, $"{failure.Kind}: {failure.Message}");
        }

        ChunkSyncException one = await Assert.ThrowsAsync<ChunkSyncException>(
            () => sync.ApplyAllAsync(Async.Sequence([news]), new ApplyAllOptions { OneTransaction = true }));
        Assert.Equal(ChunkSyncErrorKind.ReadOnly, one.Kind);
    }

    /// <summary>Random bytes are what an encrypted database looks like.</summary>
    [Fact]
    public void Load_says_that_the_file_is_no_database_when_it_is_none()
    {
        string path = Path.GetTempFileName();
        byte[] bytes = new byte[8192];
        new Random(1).NextBytes(bytes);
        File.WriteAllBytes(path, bytes);
        using SqliteConnection connection = new($"Data Source={path};Pooling=False");
        connection.LoadChunkSync();
        ChunkSyncException failure = Assert.Throws<ChunkSyncException>(connection.Open);
        Assert.Equal((ChunkSyncErrorKind.Damaged, raw.SQLITE_NOTADB), (failure.Kind, failure.SqliteErrorCode));
        Assert.Contains("not a database", failure.Message, StringComparison.Ordinal);
        Assert.Equal(ConnectionState.Closed, connection.State);
        File.Delete(path);
    }

    [Fact]
    public async Task Connections_share_what_is_in_memory_when_their_cache_is_shared()
    {
        const string Text = "Data Source=chunksync-shared;Mode=Memory;Cache=Shared";
        using Database from = Database.CreateFull(rows: 300);
        List<byte[]> payloads = await from.PayloadsAsync();
        using SqliteConnection first = new(Text);
        using SqliteConnection second = new(Text);
        first.LoadChunkSync().Open();
        Database.Run(first, "CREATE TABLE items(id TEXT PRIMARY KEY NOT NULL, name TEXT, price REAL); CREATE TABLE notes(id TEXT PRIMARY KEY NOT NULL, body)");
        first.ChunkSync().Track("items");
        first.ChunkSync().Track("notes");
        second.LoadChunkSync().Open();
        await second.ChunkSync().ApplyAllAsync(Async.Sequence(payloads), new ApplyAllOptions { OneTransaction = true });
        SiteId sender = from.Sync.Site;
        Assert.Equal(
            (await from.Sync.PlanAsync(new ChunkWindow(since: 0))).Rows,
            (await first.ChunkSync().PlanAsync(new ChunkWindow(since: 0) { Sites = ChunkSites.Only(sender) })).Rows);

        // A table that the other connection has locked: SQLITE_LOCKED, which no busy handler waits for.
        Database.Run(first, "BEGIN; INSERT INTO notes VALUES ('mine', 'not committed')");
        second.DefaultTimeout = 1;
        ChunkSyncException locked = await Assert.ThrowsAsync<ChunkSyncException>(() => second.ChunkSync().ApplyAsync(payloads[0]));
        Assert.Equal((ChunkSyncErrorKind.Busy, raw.SQLITE_LOCKED), (locked.Kind, locked.SqliteErrorCode));
        second.DefaultTimeout = 30;
        Task<ApplyResult> waiting = second.ChunkSync().ApplyAsync(payloads[0]);
        Database.Run(first, "COMMIT");
        await waiting;
    }

    [Fact]
    public async Task Reads_wait_when_somebody_has_the_whole_file()
    {
        using Database database = Database.CreateFull(rows: 100);
        database.Run("PRAGMA journal_mode = DELETE");
        List<byte[]> all = await database.PayloadsAsync();
        SqliteConnection other = database.Connect();
        Database.Run(other, "BEGIN EXCLUSIVE");

        // The engine is loaded all the same.
        SqliteConnection late = database.Connect();
        late.DefaultTimeout = 1;
        SyncDatabase sync = late.ChunkSync();
        List<Func<Task>> reads =
        [
            () => sync.PlanAsync(new ChunkWindow(since: 0)),
            () => sync.ReadAsync(new ChunkWindow(since: 0)).ToListAsync(),
            () => Task.FromResult(sync.Site),
        ];
        foreach (Func<Task> read in reads)
        {
            ChunkSyncException failure = await Assert.ThrowsAsync<ChunkSyncException>(read);
            Assert.True(failure.Kind == ChunkSyncErrorKind.Busy, $"{failure.Kind}: {failure.Message}");
        }

        late.DefaultTimeout = 30;
        Task<List<byte[]>> waiting = sync.ReadAsync(new ChunkWindow(since: 0), new ReadOptions { MaxChunkSize = Database.SmallChunk }).ToArraysAsync();
        Assert.False(waiting.IsCompleted);
        Database.Run(other, "COMMIT");
        Assert.Equal(all, await waiting);
    }
}
