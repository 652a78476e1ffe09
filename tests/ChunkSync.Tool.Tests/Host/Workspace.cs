using System.Reflection;
using System.Runtime.CompilerServices;
using ChunkSync.Client;
using Microsoft.Data.Sqlite;
using SQLitePCL;

namespace ChunkSync.Tool.Tests;

/// <summary>A folder with databases, which goes with the test.</summary>
internal sealed class Workspace : IDisposable
{
    /// <summary>The folder.</summary>
    public string Folder { get; } = Directory.CreateTempSubdirectory("chunksync-tool").FullName;

    /// <summary>The top of the repository.</summary>
    public static string Root { get; } = typeof(Workspace).Assembly.GetCustomAttributes<AssemblyMetadataAttribute>().Single(entry => entry.Key == "RepoRoot").Value!;

    [ModuleInitializer]
    internal static void Initialize() => Batteries_V2.Init();

    /// <summary>A path in the folder.</summary>
    public string At(string name) => Path.Combine(Folder, name);

    /// <summary>A copy of a recorded database.</summary>
    public string Fixture(string name)
    {
        string path = At(name + ".db");
        File.Copy(Path.Combine(Root, "tests/fixtures", name + ".db"), path);
        return path;
    }

    /// <summary>A database with two tracked tables; further statements run in turn, each a transaction of its own.</summary>
    public string Shop(string name = "shop.db", params string[] statements)
    {
        string path = At(name);
        Run(path, [
            "CREATE TABLE items(id TEXT PRIMARY KEY NOT NULL, name TEXT, price REAL)",
            "CREATE TABLE notes(id TEXT PRIMARY KEY NOT NULL, body)",
            "SELECT cloudsync_init('items')",
            "SELECT cloudsync_init('notes')",
            .. statements,
        ]);
        return path;
    }

    /// <summary>Runs statements in a file, which is made if it is not there.</summary>
    public static void Run(string path, params string[] statements)
    {
        using SqliteConnection connection = Connect(path);
        foreach (string statement in statements)
        {
            using SqliteCommand command = connection.CreateCommand();
            command.CommandText = statement;
            command.ExecuteNonQuery();
        }
    }

    /// <summary>The first value of a query as text.</summary>
    public static string Text(string path, string sql)
    {
        using SqliteConnection connection = Connect(path);
        using SqliteCommand command = connection.CreateCommand();
        command.CommandText = sql;
        return $"{command.ExecuteScalar()}";
    }

    /// <summary>An open connection with the engine, without a pool.</summary>
    public static SqliteConnection Connect(string path)
    {
        SqliteConnection connection = new($"Data Source={path};Pooling=False");
        connection.LoadChunkSync();
        connection.Open();
        return connection;
    }

    /// <inheritdoc/>
    public void Dispose() => Directory.Delete(Folder, recursive: true);
}
