using System.Data;
using System.Runtime.InteropServices;
using ChunkSync.Client.Tests.Host;
using SQLitePCL;

namespace ChunkSync.Client.Tests.Loading;

/// <summary>How the engine comes to connections of Microsoft.Data.Sqlite and SQLitePCLRaw.</summary>
public class LoadTests
{
    [Fact]
    public void Engine_is_there_at_every_open_when_it_was_loaded_on_a_closed_connection()
    {
        using SqliteConnection connection = new("Data Source=:memory:");
        Assert.Same(connection, SqliteConnectionExtensions.LoadChunkSync(connection));
        Assert.Equal(ConnectionState.Closed, connection.State);
        for (int i = 0; i < 3; i++)
        {
            connection.Open();
            Assert.Equal("1.1.4", Version(connection));
            connection.Close();
        }
    }

    [Fact]
    public void Engine_is_there_at_once_and_after_a_second_open_when_it_was_loaded_on_an_open_connection()
    {
        using SqliteConnection connection = new("Data Source=:memory:;Pooling=False");
        connection.Open();
        connection.LoadChunkSync().LoadChunkSync(LoadOptions.Default);
        Assert.Equal("1.1.4", Version(connection));
        connection.Close();
        connection.Open();
        Assert.Equal("1.1.4", Version(connection));
    }

    [Fact]
    public async Task Raw_handles_read_and_apply_when_the_engine_is_loaded_on_them()
    {
        Batteries_V2.Init();
        using sqlite3 from = OpenRaw();
        using sqlite3 to = OpenRaw();
        Assert.Same(from, Sqlite3Extensions.LoadChunkSync(from));
        to.LoadChunkSync(LoadOptions.Default);
        SyncDatabase sender = from.ChunkSync();
        SiteId site = sender.Track("items");
        Assert.Equal(site, sender.Site);
        Assert.Equal(raw.SQLITE_OK, raw.sqlite3_exec(from, "INSERT INTO items VALUES ('a', 'apple')"));
        to.ChunkSync().Track("items");
        await foreach (Chunk chunk in sender.ReadAsync(new ChunkWindow(since: 0)))
        {
            Assert.Equal(1, (await to.ChunkSync().ApplyAsync(chunk.Payload)).Changes);
        }

        Assert.Equal(1, to.ChunkSync().DbVersion);
    }

    [Fact]
    public void Routine_is_named_when_the_library_is_not_sqlite()
    {
        nint library = NativeLibrary.Load(OperatingSystem.IsWindows() ? "kernel32" : OperatingSystem.IsMacOS() ? "libSystem.dylib" : "libc.so.6");
        using SqliteConnection connection = new("Data Source=:memory:");
        connection.LoadChunkSync(new LoadOptions { SqliteLibrary = library });
        ChunkSyncException failure = Assert.Throws<ChunkSyncException>(connection.Open);
        Assert.Equal(ChunkSyncErrorKind.LoadFailed, failure.Kind);
        Assert.Contains("sqlite3_aggregate_context", failure.Message, StringComparison.Ordinal);
        Assert.Equal(ConnectionState.Closed, connection.State);
    }

    [Fact]
    public async Task Native_library_does_the_same_when_it_is_asked_for()
    {
        Assert.True(File.Exists(Checkout.NativeLibrary), Checkout.NativeLibrary + " is not there: run ./build.sh before");
        LoadOptions native = new() { UseNativeLibrary = true, NativeLibraryPath = Checkout.NativeLibrary };
        using SqliteConnection connection = new("Data Source=:memory:;Pooling=False");
        connection.LoadChunkSync(native);
        connection.Open();
        Database.Run(connection, "CREATE TABLE items(id TEXT PRIMARY KEY NOT NULL, name TEXT)");
        connection.ChunkSync().Track("items");
        Database.Run(connection, "INSERT INTO items VALUES ('a', 'apple')");
        Chunk chunk = Assert.Single(await connection.ChunkSync().ReadAsync(new ChunkWindow(since: 0)).ToListAsync());
        Assert.Equal(1, chunk.Rows);

        // Kinds come from SQLite's codes alone.
        ChunkSyncException failure = await Assert.ThrowsAsync<ChunkSyncException>(() => connection.ChunkSync().ApplyAsync(new byte[40]));
        Assert.Equal(ChunkSyncErrorKind.Misuse, failure.Kind);

        using sqlite3 handle = OpenRaw();
        handle.LoadChunkSync(native);
        Assert.False(handle.ChunkSync().Track("items").IsEmpty);
        Assert.NotEqual(raw.SQLITE_OK, raw.sqlite3_exec(handle, "SELECT load_extension('nothing')"));
    }

    [Fact]
    public void Paths_and_platforms_are_named_when_there_is_no_native_library()
    {
        using SqliteConnection connection = new("Data Source=:memory:");
        ChunkSyncException failure = Assert.Throws<ChunkSyncException>(() => connection.LoadChunkSync(new LoadOptions { UseNativeLibrary = true }));
        Assert.Equal(ChunkSyncErrorKind.LoadFailed, failure.Kind);
        Assert.Contains($"there is no native library for {RuntimeInformation.RuntimeIdentifier}; there is one for no platform", failure.Message,
            StringComparison.Ordinal);
        Assert.Contains(Path.Combine(AppContext.BaseDirectory, "runtimes"), failure.Message, StringComparison.Ordinal);
        using sqlite3 handle = OpenRaw();
        LoadOptions wrong = new() { UseNativeLibrary = true, NativeLibraryPath = "/nowhere/chunksync" };
        Assert.Contains("/nowhere/chunksync", Assert.Throws<ChunkSyncException>(() => handle.LoadChunkSync(wrong)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Use_is_refused_when_the_engine_is_not_there_or_the_connection_is_closed()
    {
        using SqliteConnection connection = new("Data Source=:memory:;Pooling=False");
        Assert.Throws<InvalidOperationException>(() => connection.ChunkSync().Site);
        connection.Open();
        ChunkSyncException failure = Assert.Throws<ChunkSyncException>(() => connection.ChunkSync().Track("items"));
        Assert.Equal(ChunkSyncErrorKind.NotLoaded, failure.Kind);
        Assert.Equal(raw.SQLITE_ERROR, failure.SqliteErrorCode);
        Assert.Contains("call LoadChunkSync() first", failure.Message, StringComparison.Ordinal);
    }

    /// <summary>As a string of C it would be the name of another table.</summary>
    [Fact]
    public void Table_is_refused_when_its_name_has_a_NUL_character()
    {
        using Database database = Database.CreateFull(rows: 1);
        ChunkSyncException refused = Assert.Throws<ChunkSyncException>(() => database.Sync.Track("items\0x"));
        Assert.Equal(ChunkSyncErrorKind.InvalidArgument, refused.Kind);
        Assert.Contains("'items\\0x' has a NUL character", refused.Message, StringComparison.Ordinal);
        Assert.Throws<ChunkSyncException>(() => database.Sync.Track("\0"));
        Assert.Throws<ChunkSyncException>(() => database.Sync.Track(""));
    }

    [Fact]
    public void Tables_are_tracked_when_options_allow_what_is_refused_otherwise()
    {
        using Database database = Database.Create("CREATE TABLE numbers(id INTEGER PRIMARY KEY, a TEXT NOT NULL);"
            + " CREATE TABLE words(id TEXT PRIMARY KEY COLLATE NOCASE NOT NULL)");
        ChunkSyncException refused = Assert.Throws<ChunkSyncException>(() => database.Sync.Track("numbers"));
        Assert.Equal(ChunkSyncErrorKind.TableNotTrackable, refused.Kind);
        Assert.Throws<ChunkSyncException>(() => database.Sync.Track("words"));
        database.Sync.Track("numbers", new TrackOptions { AllowIntegerKey = true, AllowNotNull = true, Algorithm = TrackAlgorithm.GrowOnly });
        database.Sync.Track("words", new TrackOptions { AllowCollation = true, Algorithm = TrackAlgorithm.CausalLength });
        Assert.Equal("gos", database.Text("SELECT value FROM cloudsync_table_settings WHERE tbl_name = 'numbers' AND key = 'algo'"));
        Assert.Throws<InvalidOperationException>(() => database.Sync.Track("words", new TrackOptions { Algorithm = (TrackAlgorithm)9 }));
    }

    private static sqlite3 OpenRaw()
    {
        Assert.Equal(raw.SQLITE_OK, raw.sqlite3_open(":memory:", out sqlite3 handle));
        Assert.Equal(raw.SQLITE_OK, raw.sqlite3_exec(handle, "CREATE TABLE items(id TEXT PRIMARY KEY NOT NULL, name TEXT)"));
        return handle;
    }

    private static string Version(SqliteConnection connection)
    {
        using SqliteCommand command = connection.CreateCommand();
        command.CommandText = "SELECT cloudsync_version()";
        return (string)command.ExecuteScalar()!;
    }
}
