namespace ChunkSync.Client.Tests.Loading;

/// <summary>Pooled connections. What other tests hold in memory meanwhile would count: nothing runs beside it.</summary>
[Collection(nameof(StaticSqliteTests.Alone))]
public class PoolTests
{
    /// <summary>Handles are those that the process has open; what the pool keeps is one connection.</summary>
    [Fact]
    public void Memory_and_handles_stay_when_a_pooled_connection_is_opened_a_thousand_times()
    {
        GC.WaitForPendingFinalizers();
        string folder = Directory.CreateTempSubdirectory("chunksync-pool").FullName;
        string text = $"Data Source={Path.Combine(folder, "pool.db")}";
        (long memory, int files) = (0, 0);
        for (int i = 0; i < 1000; i++)
        {
            using (SqliteConnection connection = new(text))
            {
                connection.LoadChunkSync();
                connection.Open();
                Assert.True(connection.ChunkSync().Site.IsEmpty);
            }

            if (i == 99)
            {
                (memory, files) = (GC.GetTotalMemory(forceFullCollection: true), Files());
            }
        }

        long grown = GC.GetTotalMemory(forceFullCollection: true) - memory;
        Assert.True(grown < 300_000, $"{grown} bytes more after 900 opens");
        Assert.True(Files() <= files + 8, $"{Files()} files are open, {files} before");
        SqliteConnection.ClearAllPools();
        Directory.Delete(folder, recursive: true);
    }

    private static int Files() => Directory.Exists("/proc/self/fd") ? Directory.GetFiles("/proc/self/fd").Length : 0;
}
