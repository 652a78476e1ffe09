using ChunkSync.Tests.Host;

namespace ChunkSync.Tests.Diagnostics;

/// <summary>What a database has stored about changes that cannot be if every file has an identity of its own.</summary>
internal static class Suspected
{
    /// <summary>Fails where there is something: in a history in which nothing was copied, restored or forged.</summary>
    public static void Nothing(Database database, IEnumerable<string> log)
    {
        foreach (object?[] row in database.Query(
            "SELECT key, value FROM cloudsync_settings WHERE key = 'chunksync_foreign_own' OR key LIKE 'chunksync\\_booked\\_news:%' ESCAPE '\\'"))
        {
            Assert.Fail($"suspected: {row[0]} {row[1]}\n{string.Join("\n", log)}");
        }
    }
}
