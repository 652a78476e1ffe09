using ChunkSync.Tests.Host;

namespace ChunkSync.Tests.Diagnostics;

/// <summary>What a database finds about changes that cannot be if every file has an identity of its own.</summary>
internal static class Suspected
{
    /// <summary>The findings D23 and D24.</summary>
    public static IEnumerable<string> In(Database database) => (long)database.Scalar("SELECT count(*) FROM cloudsync_settings WHERE key LIKE 'chunksync\\_%' ESCAPE '\\'")! == 0 ? []
        : database.Query("SELECT id, tbl, key, text FROM cloudsync_check WHERE id IN ('D23', 'D24')").Select(row => string.Join(" ", row));

    /// <summary>Fails where there is something: in a history in which nothing was copied, restored or forged.</summary>
    public static void Nothing(Database database, IEnumerable<string> log)
    {
        foreach (string found in In(database))
        {
            Assert.Fail($"suspected: {found}\n{string.Join("\n", log)}");
        }
    }
}
