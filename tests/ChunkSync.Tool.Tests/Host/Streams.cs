using ChunkSync.Client;
using Microsoft.Data.Sqlite;

namespace ChunkSync.Tool.Tests;

/// <summary>Databases whose streams have many chunks, and what is compared of two databases.</summary>
internal static class Streams
{
    /// <summary>The smallest chunk.</summary>
    public const int ChunkSize = 262_144;

    /// <summary>A row in a chunk of its own: long before compression, short after it.</summary>
    private const string LongBody = "printf('%0200000d', value) || hex(randomblob(40))";

    /// <summary>A statement that writes so many rows, each of which fills a chunk.</summary>
    public static string Fill(int rows, string prefix = "k") => $"""
        WITH RECURSIVE numbers(value) AS (SELECT 1 UNION ALL SELECT value + 1 FROM numbers WHERE value < {rows})
        INSERT INTO notes SELECT '{prefix}' || value, {LongBody} FROM numbers
        """;

    /// <summary>All files of a folder and their bytes, under their names with slashes.</summary>
    public static SortedDictionary<string, byte[]> Files(string folder) => new(
        Directory.EnumerateFiles(folder, "*", new EnumerationOptions { RecurseSubdirectories = true, AttributesToSkip = default })
            .ToDictionary(file => Path.GetRelativePath(folder, file).Replace('\\', '/'), File.ReadAllBytes), StringComparer.Ordinal);

    /// <summary>Two stores have the same names and bytes.</summary>
    public static void Same(IReadOnlyDictionary<string, byte[]> expected, IReadOnlyDictionary<string, byte[]> actual)
    {
        Assert.Equal(expected.Keys, actual.Keys);
        Assert.All(expected, pair => Assert.True(pair.Value.AsSpan().SequenceEqual(actual[pair.Key]), pair.Key));
    }

    /// <summary>Rows and clocks of a database made by <see cref="Workspace.Shop"/>, as one text. Which db_version a change has here is its own affair.</summary>
    public static string State(string path) => Workspace.Text(path, """
        SELECT group_concat(line, x'0a') FROM (
            SELECT 'i ' || quote(id) || quote(name) || quote(price) AS line FROM items UNION ALL SELECT 'n ' || quote(id) || quote(body) FROM notes
            UNION ALL
            SELECT tbl || quote(pk) || col_name || ' ' || col_version || ' ' || cl || quote(site_id) FROM cloudsync_changes ORDER BY 1)
        """);

    /// <summary>Exports the whole stream of a file.</summary>
    public static async Task<ExportResult> ExportAsync(string path, IChunkStore store, ExportRequest? request = null)
    {
        using SqliteConnection connection = Workspace.Connect(path);
        return await new Exporter(connection.ChunkSync(), store, ChunkSize).RunAsync(request ?? new ExportRequest(), null, default);
    }
}
