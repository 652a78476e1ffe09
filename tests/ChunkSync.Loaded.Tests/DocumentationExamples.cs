// begin in-process
using System.Runtime.InteropServices;
using ChunkSync.Hosting;
using Microsoft.Data.Sqlite;
// end

namespace ChunkSync.Loaded.Tests;

/// <summary>The C# of docs/getting-started.md. What stands between "begin NAME" and "end" is the page's block of that name.</summary>
internal static class DocumentationExamples
{
    // begin in-process
    public static List<byte[]> Send(string file)
    {
        using SqliteConnection connection = new("Data Source=" + file);
        connection.Open();
        nint sqlite = NativeLibrary.Load("e_sqlite3", typeof(SqliteConnection).Assembly, null);
        ManagedHost.Register(connection.Handle!.DangerousGetHandle(), sqlite);

        using SqliteCommand command = connection.CreateCommand();
        command.CommandText = """
            CREATE TABLE IF NOT EXISTS items(id TEXT PRIMARY KEY NOT NULL, name TEXT, price REAL);
            SELECT cloudsync_init('items');
            INSERT INTO items VALUES (cloudsync_uuid(), 'apple', 1.5);
            """;
        command.ExecuteNonQuery();

        command.CommandText = "SELECT payload FROM cloudsync_payload_chunks WHERE since_db_version = 0";
        List<byte[]> payloads = [];
        using SqliteDataReader reader = command.ExecuteReader();
        while (reader.Read())
        {
            payloads.Add(reader.GetFieldValue<byte[]>(0));
        }

        return payloads;
    }
    // end

    // begin loadable
    public static string? Receive(string file, string library, List<byte[]> payloads)
    {
        using SqliteConnection connection = new("Data Source=" + file);
        connection.Open();
        connection.LoadExtension(library); // for example dist/linux-x64/chunksync

        using SqliteCommand command = connection.CreateCommand();
        command.CommandText = """
            CREATE TABLE IF NOT EXISTS items(id TEXT PRIMARY KEY NOT NULL, name TEXT, price REAL);
            SELECT cloudsync_init('items');
            """;
        command.ExecuteNonQuery();

        command.CommandText = "SELECT cloudsync_payload_apply($payload)";
        SqliteParameter payload = command.Parameters.Add("$payload", SqliteType.Blob);
        foreach (byte[] bytes in payloads)
        {
            payload.Value = bytes;
            command.ExecuteScalar();
        }

        command.CommandText = "SELECT group_concat(name) FROM items";
        return (string?)command.ExecuteScalar();
    }
    // end

    // begin fill
    public static long Fill(SqliteConnection connection, string table, CancellationToken stop)
    {
        using SqliteCommand command = connection.CreateCommand();
        command.Parameters.AddWithValue("$table", table);
        command.CommandText = "SELECT cloudsync_backfill_begin($table)";
        command.ExecuteScalar();

        command.CommandText = "SELECT cloudsync_backfill_step($table, 1000, 50)";
        long all = 0;
        for (long rows = 1; rows > 0 && !stop.IsCancellationRequested; all += rows)
        {
            rows = (long)command.ExecuteScalar()!;
            Thread.Sleep(1); // others may write now
        }

        return all;
    }
    // end
}
