using ChunkSync.Tests.Host;

namespace ChunkSync.Tests.Merge;

/// <summary>The databases of the interruption tests: a replica that has rows of its own and some of a sender's, and the sender's
/// payloads, which insert, update, delete and revive rows of it in three tables.</summary>
internal static class InterruptedReplica
{
    private const string Schema = """
        CREATE TABLE t(id TEXT PRIMARY KEY NOT NULL, a, b); CREATE INDEX t_a ON t(a);
        CREATE TABLE pair(v, y INT, x TEXT, PRIMARY KEY(x, y)) WITHOUT ROWID;
        CREATE TABLE flag(id TEXT PRIMARY KEY NOT NULL);
        SELECT cloudsync_init('t'); SELECT cloudsync_init('pair'); SELECT cloudsync_init('flag');
        """;

    private const string SenderHistory = """
        INSERT INTO t VALUES ('k1', 1, 'one'), ('k2', 2, 'two'), ('k3', 3, 'three'), ('k4', 4, 'four'), ('k5', 5, NULL), ('k6', 6, 'six');
        INSERT INTO pair VALUES ('v1', 1, 'x'), ('v2', 2, 'x'); INSERT INTO flag VALUES ('f1'), ('f2');
        UPDATE t SET a = a + 100 WHERE id IN ('k1', 'k2');
        DELETE FROM t WHERE id = 'k3';
        INSERT INTO t VALUES ('k3', 33, 'again');
        DELETE FROM t WHERE id = 'k4';
        BEGIN; INSERT INTO t VALUES ('k7', 7, 'seven'); UPDATE pair SET v = 'v3' WHERE y = 2; DELETE FROM flag WHERE id = 'f2'; COMMIT;
        """;

    // k1, k3 and k4 meet the sender's; k6 wins over the sender's; the others are nobody else's.
    private const string ReceiverHistory = """
        INSERT INTO t VALUES ('k1', 'mine', 'mine'), ('k3', 'mine', 'mine'), ('k4', 'mine', 'mine'), ('k6', 'mine', 'mine'),
            ('own1', 1, 1), ('own2', 2, 2), ('own3', 3, 3);
        UPDATE t SET a = 0 WHERE id = 'k6'; UPDATE t SET a = 1, b = 'more' WHERE id IN ('k6', 'k3');
        INSERT INTO pair VALUES ('own', 1, 'x'), ('own', 9, 'own'); INSERT INTO flag VALUES ('own');
        DELETE FROM t WHERE id = 'own3';
        """;

    private static readonly Lazy<byte[]> ReceiverFile = new(MakeReceiver);
    private static readonly Lazy<byte[][]> RowPayloads = new(() => Send(SenderHistory));

    private static readonly Lazy<byte[][]> ManyPayloads = new(() => Send(SenderHistory
        + "INSERT INTO t WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 60) SELECT 'm' || i, i, hex(zeroblob(150)) FROM n;"
        + "UPDATE t SET b = a WHERE id LIKE 'm%5'"));

    private static readonly Lazy<byte[][]> FragmentPayloads = new(() => Send(
        "INSERT INTO t VALUES ('k1', 1, 'one'); UPDATE t SET a = " + LongValue + " WHERE id = 'k1'"));

    /// <summary>900,000 bytes that LZ4 cannot make small, the same ones every time.</summary>
    public static string LongValue =>
        "(WITH RECURSIVE n(i, x) AS (SELECT 1, 12345 UNION ALL SELECT i + 1, (x * 1103515245 + 12345) % 2147483648 FROM n WHERE i < 112500)"
        + " SELECT group_concat(printf('%08x', x), '') FROM n)";

    /// <summary>One payload of rows.</summary>
    public static byte[][] Rows => RowPayloads.Value;

    /// <summary>The same with more and longer rows behind them, which take pages of their own.</summary>
    public static byte[][] ManyRows => ManyPayloads.Value;

    /// <summary>Payloads of the parts of a long value.</summary>
    public static byte[][] Parts => FragmentPayloads.Value;

    /// <summary>A new copy of the receiver's file.</summary>
    public static TempFile Copy()
    {
        TempFile file = new();
        File.WriteAllBytes(file.Path, ReceiverFile.Value);
        return file;
    }

    /// <summary>Opens a copy, with cached metadata thrown away as after any rollback: reading it anew can be interrupted too.</summary>
    public static Database Open(TempFile file)
    {
        Database database = Database.Open(file.Path);
        database.Exec("BEGIN; DELETE FROM flag; ROLLBACK");
        return database;
    }

    /// <summary>Applies payloads in order until one fails.</summary>
    public static void Apply(Database database, byte[][] payloads)
    {
        foreach (byte[] payload in payloads)
        {
            database.Run("SELECT cloudsync_payload_apply(?)", payload);
        }
    }

    /// <summary>The payloads that fill a page of a scan.</summary>
    public static string Scan(Database database) =>
        string.Join("\n", ChunkRow.Read(database, [("since_db_version", 0), ("max_chunk_size", 262_144)]).Select(row => row.Describe()));

    private static byte[][] Send(string history)
    {
        using Database sender = Database.Open();
        sender.Exec(Schema + history);
        return [.. sender.Query("SELECT payload FROM cloudsync_payload_chunks WHERE since_db_version = 0 AND max_chunk_size = 262144")
            .Select(row => (byte[])row[0]!)];
    }

    private static byte[] MakeReceiver()
    {
        using TempFile file = new();
        using (Database receiver = Database.Open(file.Path))
        {
            receiver.Exec("PRAGMA page_size = 1024;" + Schema + ReceiverHistory);
        }

        return file.Read();
    }
}
