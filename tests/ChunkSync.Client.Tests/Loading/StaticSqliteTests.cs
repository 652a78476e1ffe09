using SQLitePCL;

namespace ChunkSync.Client.Tests.Loading;

/// <summary>The way into programs with SQLite inside. It runs when no connection of other tests is open: those have the routines from the library's exports, and
/// the engine takes two tables of routines for two libraries.</summary>
[Collection(nameof(Alone))]
public class StaticSqliteTests
{
    [Fact]
    public void Engine_is_registered_when_sqlite_hands_out_its_own_routines()
    {
        // Pools keep connections of tests that are over.
        SqliteConnection.ClearAllPools();
        GC.Collect();
        GC.WaitForPendingFinalizers();
        Batteries_V2.Init();
        using sqlite3 handle = Open();
        Assert.True(StaticSqlite.TryRegister(handle));
        Assert.Equal(SiteId.Length, handle.ChunkSync().Track("items").ToByteArray().Length);
        using sqlite3 other = Open();
        Assert.Equal(ChunkSyncErrorKind.NotLoaded, Assert.Throws<ChunkSyncException>(() => other.ChunkSync().Site).Kind);
    }

    private static sqlite3 Open()
    {
        Assert.Equal(raw.SQLITE_OK, raw.sqlite3_open(":memory:", out sqlite3 handle));
        Assert.Equal(raw.SQLITE_OK, raw.sqlite3_exec(handle, "CREATE TABLE items(id TEXT PRIMARY KEY NOT NULL, name TEXT)"));
        return handle;
    }

    /// <summary>Not beside other tests.</summary>
    [CollectionDefinition(nameof(Alone), DisableParallelization = true)]
    public class Alone;
}
