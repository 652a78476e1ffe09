using ChunkSync.Client;
using Microsoft.Data.Sqlite;

// Sends the changes of one database to another through a stream, and says what came. Ends with 1 when something is missing.
using SqliteConnection phone = Open();
using SqliteConnection server = Open();
Run(phone, """
    WITH RECURSIVE c(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM c WHERE i < 20000) INSERT INTO notes SELECT 'n' || i, 'note ' || i FROM c;
    INSERT INTO notes VALUES ('long', zeroblob(600000));
    """);

SyncDatabase from = phone.ChunkSync();
SyncDatabase to = server.ChunkSync();
SendPlan plan = await from.PlanAsync(new ChunkWindow(since: 0));
using MemoryStream network = new();
ChunkBookmark? bookmark = null;
await foreach (Chunk chunk in from.ReadAsync(new ChunkWindow(since: 0), new ReadOptions { MaxChunkSize = 262_144 }))
{
    await chunk.ToEnvelope(from.Site).WriteToAsync(network);
    bookmark = ChunkBookmark.Parse(chunk.Resume.ToString());
}

network.Position = 0;
long changes = 0;
while (await ChunkEnvelope.ReadFromAsync(network) is ChunkEnvelope envelope)
{
    changes += (await to.ReceiveAsync(envelope)).Changes;
}

try
{
    await to.ApplyAsync(new byte[50]);
}
catch (ChunkSyncException failure)
{
    Console.WriteLine($"{failure.Kind}: {failure.Message}");
}

// With the path of the native library as argument that one is tried, too.
if (args is [string library])
{
    using SqliteConnection native = new("Data Source=:memory:;Pooling=False");
    native.LoadChunkSync(new LoadOptions { UseNativeLibrary = true, NativeLibraryPath = library == "-" ? null : library });
    native.Open();
    Console.WriteLine($"native library: {Text(native, "SELECT chunksync_version()")}");
}

string rows = Text(server, "SELECT count(*) FROM notes");
Console.WriteLine($"SQLite {Text(server, "SELECT sqlite_version()")}: {network.Length} bytes, {changes} changes, {rows} rows, complete {bookmark!.IsComplete},"
    + $" {to.Gaps(from.Site).Count - 1} gaps, plan of {plan.Bytes} bytes");
return rows == "20001" && bookmark.IsComplete ? 0 : 1;

static SqliteConnection Open()
{
    SqliteConnection connection = new("Data Source=:memory:;Pooling=False");
    connection.LoadChunkSync();
    connection.Open();
    Run(connection, "CREATE TABLE notes(id TEXT PRIMARY KEY NOT NULL, body)");
    connection.ChunkSync().Track("notes");
    return connection;
}

static void Run(SqliteConnection connection, string sql)
{
    using SqliteCommand command = connection.CreateCommand();
    command.CommandText = sql;
    command.ExecuteNonQuery();
}

static string Text(SqliteConnection connection, string sql)
{
    using SqliteCommand command = connection.CreateCommand();
    command.CommandText = sql;
    return $"{command.ExecuteScalar()}";
}
