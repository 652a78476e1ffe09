using ChunkSync.Tests.Host;

namespace ChunkSync.Tests.Receive;

/// <summary>A small sender and a small receiver, and what tests look at.</summary>
internal static class ReceivePair
{
    public const string Schema = "CREATE TABLE t(id TEXT PRIMARY KEY NOT NULL, a); SELECT cloudsync_init('t');";

    /// <summary>The smallest chunks.</summary>
    public static readonly (string Column, object? Value)[] Stream = [("max_chunk_size", 262_144)];

    /// <summary>One transaction per row; every third row nearly fills a chunk.</summary>
    public static Database NewSender(int rows)
    {
        Database sender = NewReceiver();
        for (int i = 1; i <= rows; i++)
        {
            sender.Run("INSERT INTO t VALUES (?, ?)", "k" + i, i % 3 == 0 ? new string('x', 240_000) : "small");
        }

        return sender;
    }

    public static Database NewReceiver()
    {
        Database receiver = Database.Open();
        receiver.Exec(Schema);
        return receiver;
    }

    public static byte[] SiteOf(Database database) => (byte[])database.Scalar("SELECT cloudsync_siteid()")!;

    public static string[] Rows(Database database) => [.. database.Query("SELECT id, a FROM t ORDER BY id").Select(row => $"{row[0]}={row[1]}")];

    public static string[] Gaps(Database database) => [.. database.Query("SELECT * FROM cloudsync_receive_gaps").Select(row =>
        $"({row[1]}, {row[2]}, {row[3]}) " + (row[4] == null ? "open" : $"({row[4]}, {row[5]}, {row[6]})"))];

    /// <summary>The checkpoint's settings as they are stored; empty when they are not.</summary>
    public static (string DbVersion, string Seq) Checkpoint(Database database) =>
        (Setting(database, "check_dbversion"), Setting(database, "check_seq"));

    private static string Setting(Database database, string key) =>
        (string?)database.Scalar("SELECT value FROM cloudsync_settings WHERE key = ?", key) ?? "";
}
