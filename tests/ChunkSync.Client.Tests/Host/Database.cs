using System.Globalization;

namespace ChunkSync.Client.Tests.Host;

/// <summary>A database file with two tracked tables, and connections to it.</summary>
internal sealed class Database : IDisposable
{
    /// <summary>The smallest chunk.</summary>
    public const int SmallChunk = 262_144;

    private readonly string folder = Directory.CreateTempSubdirectory("chunksync-client").FullName;
    private readonly List<SqliteConnection> connections = [];

    private Database()
    {
    }

    public SqliteConnection Connection => connections[0];

    public SyncDatabase Sync => Connection.ChunkSync();

    public string ConnectionString => $"Data Source={Path.Combine(folder, "test.db")};Pooling=False";

    /// <summary>A database whose tables are tracked.</summary>
    public static Database Create(string? more = null)
    {
        Database database = new();
        database.Connect();
        Run(database.Connection, "PRAGMA journal_mode = WAL; PRAGMA synchronous = OFF;"
            + " CREATE TABLE items(id TEXT PRIMARY KEY NOT NULL, name TEXT, price REAL); CREATE TABLE notes(id TEXT PRIMARY KEY NOT NULL, body)");
        database.Sync.Track("items");
        database.Sync.Track("notes", TrackOptions.Default);
        Run(database.Connection, more ?? "");
        return database;
    }

    /// <summary>A database with a stream of some chunks: many rows, a transaction that fills several chunks, long values, deletions.</summary>
    public static Database CreateFull(int rows = 6000) => Create($"""
        WITH RECURSIVE c(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM c WHERE i < {rows})
        INSERT INTO items SELECT 'k' || i, 'name ' || hex(randomblob(40)), i FROM c;
        INSERT INTO notes VALUES ('short', 'a note');
        INSERT INTO notes VALUES ('long', randomblob(900000));
        DELETE FROM items WHERE id = 'k7';
        INSERT INTO notes VALUES ('text', hex(randomblob(200000)));
        UPDATE items SET price = -1 WHERE id IN ('k1', 'k2');
        """);

    /// <summary>One more connection with the engine.</summary>
    public SqliteConnection Connect()
    {
        SqliteConnection connection = new(ConnectionString);
        connections.Add(connection);
        connection.LoadChunkSync();
        connection.Open();
        return connection;
    }

    public static void Run(SqliteConnection connection, string sql)
    {
        using SqliteCommand command = connection.CreateCommand();
        command.CommandText = sql;
        command.ExecuteNonQuery();
    }

    public void Run(string sql) => Run(Connection, sql);

    /// <summary>The first value of a query as text.</summary>
    public string Text(string sql)
    {
        using SqliteCommand command = Connection.CreateCommand();
        command.CommandText = sql;
        return Convert.ToString(command.ExecuteScalar(), CultureInfo.InvariantCulture) ?? "";
    }

    /// <summary>What two databases that are in sync have in common, in one text.</summary>
    public string Contents() => Text("SELECT group_concat(row, x'0a') FROM (SELECT id || '|' || name || '|' || price AS row FROM items"
        + " UNION ALL SELECT id || '|' || hex(body) FROM notes ORDER BY 1)");

    /// <summary>The payloads of a window, each in an array of its own.</summary>
    public async Task<List<byte[]>> PayloadsAsync(long since = 0)
    {
        List<byte[]> payloads = [];
        await foreach (Chunk chunk in Sync.ReadAsync(new ChunkWindow(since), new ReadOptions { MaxChunkSize = SmallChunk }))
        {
            payloads.Add(chunk.Payload.ToArray());
        }

        return payloads;
    }

    public void Dispose()
    {
        foreach (SqliteConnection connection in connections)
        {
            connection.Dispose();
        }

        Directory.Delete(folder, recursive: true);
    }
}
