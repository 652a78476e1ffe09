using ChunkSync.Client.Tests.Host;
using SQLitePCL;

namespace ChunkSync.Client.Tests.Diagnostics;

/// <summary>What failures say beside their text.</summary>
public class ExceptionTests
{
    [Fact]
    public async Task Kind_is_that_of_the_situation_when_a_call_fails()
    {
        using Database database = Database.Create("INSERT INTO items VALUES ('a', 'apple', 1)");
        byte[] payload = Assert.Single(await database.PayloadsAsync());
        await IsAsync(ChunkSyncErrorKind.InvalidPayload, raw.SQLITE_MISUSE, () => database.Sync.ApplyAsync(payload.AsMemory(0, 40)));
        await IsAsync(ChunkSyncErrorKind.InvalidPayload, raw.SQLITE_MISUSE, () => database.Sync.ApplyAsync(new byte[3]));
        await IsAsync(ChunkSyncErrorKind.InvalidPayload, raw.SQLITE_MISUSE, () => database.Sync.ApplyAsync(default));
        using Database other = Database.Create();
        other.Run("CREATE TABLE more(id TEXT PRIMARY KEY NOT NULL); SELECT cloudsync_init('more')");
        using Database third = Database.Create();
        await IsAsync(ChunkSyncErrorKind.UnknownSchema, raw.SQLITE_MISUSE, async () =>
        {
            other.Run("INSERT INTO more VALUES ('m')");
            third.Run("SELECT cloudsync_set('schema_check', 'hash')");
            await third.Sync.ApplyAsync((await other.PayloadsAsync())[0]);
        });
        await IsAsync(ChunkSyncErrorKind.InvalidArgument, raw.SQLITE_ERROR, () => database.Sync.ReceiveAsync(
            new ChunkEnvelope(database.Sync.Site, new ChunkCursor(2, 0, 0), new ChunkCursor(1, 0, 0), false, payload, 2)));

        using SqliteConnection untracked = new("Data Source=:memory:;Pooling=False");
        untracked.LoadChunkSync().Open();
        await IsAsync(ChunkSyncErrorKind.NotTracked, raw.SQLITE_ERROR, () => untracked.ChunkSync().PlanAsync(new ChunkWindow(since: 0)));
        await IsAsync(ChunkSyncErrorKind.TableNotTrackable, raw.SQLITE_ERROR, () => Task.Run(() => database.Sync.Track("nothing")));
        database.Run("PRAGMA query_only = ON");
        using Database fourth = Database.Create("INSERT INTO items VALUES ('b', 'banana', 2)");
        byte[] news = (await fourth.PayloadsAsync())[0];
        await IsAsync(ChunkSyncErrorKind.ReadOnly, raw.SQLITE_READONLY, () => database.Sync.ApplyAsync(news));
    }

    /// <summary>Codes of SQLite that come without a word of the engine.</summary>
    [Fact]
    public async Task Kind_follows_the_code_when_sqlite_fails_by_itself()
    {
        using Database database = Database.Create();
        database.Run("DROP TABLE cloudsync_site_id");
        ChunkSyncException failure = await Assert.ThrowsAsync<ChunkSyncException>(() => database.Sync.PlanAsync(new ChunkWindow(since: 0)));
        Assert.IsAssignableFrom<SqliteException>(failure);
        Assert.NotEqual(ChunkSyncErrorKind.NotLoaded, failure.Kind);
    }

    [Theory]
    [InlineData(raw.SQLITE_CONSTRAINT_UNIQUE, ChunkSyncErrorKind.RowRefused)]
    [InlineData(raw.SQLITE_NOTADB, ChunkSyncErrorKind.Damaged)]
    [InlineData(raw.SQLITE_BUSY_SNAPSHOT, ChunkSyncErrorKind.Busy)]
    [InlineData(raw.SQLITE_ABORT_ROLLBACK, ChunkSyncErrorKind.Aborted)]
    [InlineData(raw.SQLITE_FULL, ChunkSyncErrorKind.Full)]
    [InlineData(raw.SQLITE_NOMEM, ChunkSyncErrorKind.OutOfMemory)]
    [InlineData(raw.SQLITE_IOERR_READ, ChunkSyncErrorKind.InputOutput)]
    [InlineData(raw.SQLITE_ERROR, ChunkSyncErrorKind.Other)]
    public void Kind_is_that_of_the_primary_code_when_only_a_code_is_known(int code, ChunkSyncErrorKind kind) =>
        Assert.Equal(kind, ChunkSyncException.KindOf(code));

    /// <summary>SQLite ends a message at a NUL; what it is about is known all the same.</summary>
    [Fact]
    public async Task Row_is_named_when_its_key_has_a_zero()
    {
        const string Schema = "CREATE TABLE checked(id TEXT PRIMARY KEY NOT NULL, a{0}); SELECT cloudsync_init('checked');";
        using Database from = Database.Create(Schema.Replace("{0}", "", StringComparison.Ordinal) + "INSERT INTO checked VALUES (CAST(x'610062' AS TEXT), 1000)");
        using Database to = Database.Create(Schema.Replace("{0}", " CHECK (a < 100)", StringComparison.Ordinal) + "SELECT cloudsync_set('apply_refused', 'stop')");
        ChunkSyncException failure = await Assert.ThrowsAsync<ChunkSyncException>(async () => await to.Sync.ApplyAsync((await from.PayloadsAsync())[0]));
        Assert.Equal((ChunkSyncErrorKind.RowRefused, "checked", "'a\0b'"), (failure.Kind, failure.Table, failure.Key));
    }

    /// <summary>What one call said is not said of the next failure.</summary>
    [Fact]
    public async Task Kind_of_one_failure_does_not_stay_for_the_next()
    {
        using Database database = Database.Create("CREATE TABLE checked(id TEXT PRIMARY KEY NOT NULL, a CHECK (a < 100)); SELECT cloudsync_init('checked')");
        await Assert.ThrowsAsync<ChunkSyncException>(() => database.Sync.ApplyAsync(new byte[40]));
        Assert.ThrowsAny<SqliteException>(() => database.Run("INSERT INTO checked VALUES ('a', 1000)"));
        database.Run("CREATE TABLE late(id TEXT PRIMARY KEY NOT NULL)");
        Database.Run(database.Connect(), "BEGIN IMMEDIATE");
        database.Connection.DefaultTimeout = 1;
        ChunkSyncException busy = Assert.Throws<ChunkSyncException>(() => database.Sync.Track("late"));
        Assert.Equal(ChunkSyncErrorKind.Busy, busy.Kind);
        Assert.Null(busy.Table);
    }

    private static async Task IsAsync(ChunkSyncErrorKind kind, int code, Func<Task> call)
    {
        ChunkSyncException failure = await Assert.ThrowsAsync<ChunkSyncException>(call);
        Assert.True(kind == failure.Kind && code == failure.SqliteErrorCode, $"{failure.Kind}, code {failure.SqliteErrorCode}: {failure.Message}");
    }
}
