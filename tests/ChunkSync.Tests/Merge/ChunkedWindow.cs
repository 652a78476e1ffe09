using ChunkSync.Tests.Host;

namespace ChunkSync.Tests.Merge;

/// <summary>A window of small rows and of values that are larger than a chunk, and a receiver that already has a history of its own with
/// the same keys: it wins some columns, ties others, has deleted rows, and keeps rows of an earlier life.</summary>
internal sealed class ChunkedWindow : IDisposable
{
    /// <summary>Every row of the base tables, as <see cref="ReplicaState"/> reads them.</summary>
    public const string Rows = """
        SELECT 'doc', cloudsync_pk_encode(id), 'title', title, 'body', body, 'data', data FROM doc
        UNION ALL SELECT 'norow', cloudsync_pk_encode(id), 'v', v, NULL, NULL, NULL, NULL FROM norow
        """;

    private const string Schema = """
        CREATE TABLE doc(id TEXT PRIMARY KEY NOT NULL, title, body TEXT, data BLOB);
        CREATE TABLE norow(id TEXT PRIMARY KEY NOT NULL, v) WITHOUT ROWID;
        SELECT cloudsync_init('doc'); SELECT cloudsync_init('norow');
        """;

    private readonly Random random;
    private readonly TempFile receiver = new();
    private int longValues;

    /// <summary>Writes a history and cuts its window into chunks of the smallest size.</summary>
    public ChunkedWindow(Random random)
    {
        this.random = random;
        using Database other = Database.Open();
        using Database source = Database.Open();
        using Database target = Database.Open(receiver.Path);
        target.Exec("PRAGMA journal_mode = MEMORY; PRAGMA synchronous = OFF");
        Database[] all = [other, source, target];
        Array.ForEach(all, database => database.Exec(Schema));
        Write(other, transactions: 4, longs: 1);
        Send(other, [source, target], 0);
        Write(source, transactions: 3, longs: 1);
        Send(source, [target], 0);
        long since = random.Next(2) * random.NextInt64((long)source.Scalar("SELECT cloudsync_db_version()")!);
        Write(target, transactions: 3, longs: 1);
        Write(other, transactions: 2, longs: 1);
        Send(other, [source], 0);
        Write(source, transactions: 6, longs: 3);
        Chunks = [.. ChunkRow.Read(source, Window(since)).Select(chunk => chunk.Payload)];
        Changes = NaiveChange.Read(source, "db_version > ?", since);
        ReceiverChanges = NaiveChange.Read(target);
    }

    public List<byte[]> Chunks { get; }

    /// <summary>The window as change rows.</summary>
    public List<NaiveChange> Changes { get; }

    /// <summary>What the receiver holds before it gets anything of the window.</summary>
    public List<NaiveChange> ReceiverChanges { get; }

    /// <summary>Whether a payload is a part of a value (format B: version 3).</summary>
    public static bool IsFragment(byte[] payload) => payload[4] == 3;

    /// <summary>The receiver as it is before anything arrives: always the same database, local site id included.</summary>
    public TempFile NewReceiver() => new(receiver.Path);

    public void Dispose() => receiver.Dispose();

    private static List<(string Column, object? Value)> Window(long since) =>
    [
        ("since_db_version", since), ("site_id", new byte[16]), ("exclude_filter_site_id", 1), ("max_chunk_size", 262_144),
    ];

    private static void Send(Database from, Database[] targets, long since)
    {
        foreach (ChunkRow chunk in ChunkRow.Read(from, Window(since)))
        {
            Array.ForEach(targets, target => target.Scalar("SELECT cloudsync_payload_apply(?)", chunk.Payload));
        }
    }

    private void Write(Database database, int transactions, int longs)
    {
        longValues = longs;
        for (int i = 0; i < transactions; i++)
        {
            database.Exec("BEGIN");
            for (int j = 0; j <= random.Next(5); j++)
            {
                Statement(database);
            }

            database.Exec("COMMIT");
        }

        while (longValues > 0)
        {
            Statement(database);
        }
    }

    private void Statement(Database database)
    {
        string id = "k" + random.Next(6);
        switch (random.Next(9))
        {
            case 0 or 1:
                database.Run("INSERT OR REPLACE INTO doc VALUES (?, ?, ?, ?)", id, Small(), Value(text: true), Value(text: false));
                break;
            case 2:
                database.Run("UPDATE doc SET body = ? WHERE id = ?", Value(text: true), id);
                break;
            case 3:
                database.Run("UPDATE doc SET title = ?, data = ? WHERE id = ?", Small(), Value(text: false), id);
                break;
            case 4:
                database.Run("DELETE FROM doc WHERE id = ?", id);
                break;
            case 5:
                database.Run("UPDATE OR IGNORE doc SET id = ? WHERE id = ?", "k" + random.Next(6), id);
                break;
            case 6 or 7:
                database.Run("INSERT INTO norow VALUES (?, ?) ON CONFLICT DO UPDATE SET v = excluded.v", id, Value(text: random.Next(2) == 0));
                break;
            default:
                database.Run("DELETE FROM norow WHERE id = ?", id);
                break;
        }
    }

    private object? Value(bool text)
    {
        if (longValues == 0 || random.Next(3) > 0)
        {
            return Small();
        }

        longValues--;
        byte[] bytes = new byte[random.Next(300_000, 900_000)];
        random.NextBytes(bytes.AsSpan(0, bytes.Length / random.Next(1, 4)));
        return text ? Convert.ToHexString(bytes)[..bytes.Length] : bytes;
    }

    private object? Small() => random.Next(4) switch
    {
        0 => null,
        1 => (long)random.Next(3),
        2 => "t" + random.Next(3),
        _ => new string('x', random.Next(2000)),
    };
}
