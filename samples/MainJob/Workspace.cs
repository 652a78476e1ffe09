using System.Diagnostics;
using Microsoft.Data.Sqlite;
using Spectre.Console;

namespace ChunkSync.Samples.MainJob;

/// <summary>A temporary database with the extension loaded: new, or a copy of the user's own, which is never touched.</summary>
internal sealed class Workspace : IDisposable
{
    private readonly string path;

    private Workspace(string library, string? copyOf)
    {
        path = Path.Combine(Path.GetTempPath(), "chunksync-" + Guid.NewGuid().ToString("N") + ".db");
        if (copyOf != null)
        {
            // VACUUM INTO reads a consistent state, also of a database that is in use and has a write-ahead log.
            using SqliteConnection source = new($"Data Source={copyOf};Mode=ReadOnly;Pooling=False");
            source.Open();
            Sql.Run(source, "VACUUM INTO $path", ("$path", path));
        }

        Connection = new SqliteConnection($"Data Source={path};Pooling=False");
        Connection.Open();
        Sql.Run(Connection, "PRAGMA synchronous = OFF");
        Connection.EnableExtensions();
        Connection.LoadExtension(library);
    }

    public SqliteConnection Connection { get; }

    /// <summary>A new database.</summary>
    public static Workspace Empty(string library) => new(library, null);

    /// <summary>A copy of a database, as it is.</summary>
    public static Workspace CopyOf(string library, string database) => new(library, database);

    /// <summary>A database of the API documentation that the .NET SDK carries.</summary>
    public static Workspace FromDocumentation(string library)
    {
        Workspace workspace = new(library, null);
        Stopwatch watch = Stopwatch.StartNew();
        (int files, int members) = Documentation.Import(workspace.Connection);
        AnsiConsole.MarkupLineInterpolated(
            $"Captured {members:N0} documented members of {files} files in {watch.Elapsed.TotalSeconds:F1} s, in large and small transactions.");
        return workspace;
    }

    /// <summary>A copy of a user's database, with every table tracked that can be.</summary>
    public static Workspace FromCopy(string library, string database)
    {
        Workspace workspace = new(library, database);
        foreach (string table in workspace.UserTables())
        {
            try
            {
                Sql.Run(workspace.Connection, "SELECT cloudsync_init($table, 'cls', 3)", ("$table", table));
                AnsiConsole.MarkupLineInterpolated($"[green]tracked[/] {table}");
            }
            catch (SqliteException refused)
            {
                AnsiConsole.MarkupLineInterpolated($"[yellow]skipped[/] {table}: {refused.Message}");
            }
        }

        return workspace;
    }

    public void Dispose()
    {
        Connection.Dispose();
        File.Delete(path);
    }

    private List<string> UserTables()
    {
        using SqliteCommand command = Connection.CreateCommand();
        command.CommandText = "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\'"
            + " AND name NOT LIKE 'cloudsync\\_%' ESCAPE '\\' AND name NOT LIKE '%\\_cloudsync%' ESCAPE '\\' AND sql NOT LIKE 'CREATE VIRTUAL%'";
        using SqliteDataReader reader = command.ExecuteReader();
        List<string> names = [];
        while (reader.Read())
        {
            names.Add(reader.GetString(0));
        }

        return names;
    }
}
