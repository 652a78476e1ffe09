using Microsoft.Data.Sqlite;
using Spectre.Console;

namespace ChunkSync.Samples.MainJob;

/// <summary>What <c>./build.sh demo</c> begins with: a database with the documentation of the framework's API and an empty one with the same tables, neither tracked.</summary>
internal static class DemoDatabases
{
    /// <summary>Writes <c>desk.db</c> and <c>phone.db</c> into a folder.</summary>
    public static void Write(string folder)
    {
        using SqliteConnection desk = Create(Path.Combine(folder, "desk.db"));
        (int files, int members) = Documentation.Fill(desk);
        using SqliteConnection phone = Create(Path.Combine(folder, "phone.db"));
        AnsiConsole.MarkupLineInterpolated($"desk.db has {members:N0} documented members of {files} files, phone.db the same tables without rows.");
    }

    private static SqliteConnection Create(string path)
    {
        SqliteConnection connection = new($"Data Source={path};Pooling=False");
        connection.Open();
        Sql.Run(connection, "PRAGMA synchronous = OFF");
        Documentation.CreateTables(connection);
        return connection;
    }
}
