using System.Text.Json;
using ChunkSync.Tests.Host;

namespace ChunkSync.Tests.Chunks;

/// <summary>Every chunk that sqlite-sync 1.1.4 was recorded with, from its own database files.</summary>
public class ChunkFixtureTests
{
    /// <summary>The fixture where rows share positions: sqlite-sync has no offset between them (defect J-2), we have.</summary>
    private const string TiedPositions = "ties_relay";

    public static TheoryData<string> Names => FixtureData.Names;

    [Theory]
    [MemberData(nameof(Names))]
    public void Chunks_equal_the_recorded_ones_when_read_from_a_sqlite_sync_database(string name)
    {
        using TempFile file = new(Fixtures.File(name + ".db"));
        using Database database = Database.Open(file.Path);
        int compared = 0;
        foreach (List<JsonElement> set in Sets(name))
        {
            SetChunkSize(database, set[0]);
            foreach (IGrouping<string, JsonElement> query in set.Where(line => line.TryGetProperty("query", out _)).GroupBy(line => line.GetProperty("query").ToString()))
            {
                compared += Compare(database, [.. query], withNext: name != TiedPositions);
            }
        }

        Assert.True(compared > 0);
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void Drain_equals_the_full_scan_when_paged_chunk_by_chunk(string name)
    {
        using TempFile file = new(Fixtures.File(name + ".db"));
        using Database database = Database.Open(file.Path);
        foreach (List<JsonElement> set in Sets(name))
        {
            SetChunkSize(database, set[0]);
            List<(string, object?)> window = Inputs(set[0].GetProperty("query"));
            string[] scan = [.. ChunkRow.Read(database, window).Select(chunk => chunk.Describe())];
            Assert.Equal(scan, ChunkRow.Drain(database, window).Select(chunk => chunk.Describe()));
            Assert.Equal(scan, DrainOnNewConnections(file.Path, window));
        }
    }

    private static string[] DrainOnNewConnections(string path, List<(string, object?)> window)
    {
        List<Database> opened = [Database.Open(path)];
        try
        {
            return
            [
                .. ChunkRow.Drain(opened[0], window, _ =>
                {
                    opened[^1].Dispose();
                    opened.Add(Database.Open(path));
                    return opened[^1];
                }).Select(chunk => chunk.Describe()),
            ];
        }
        finally
        {
            opened.ForEach(database => database.Dispose());
        }
    }

    private static int Compare(Database database, List<JsonElement> lines, bool withNext)
    {
        bool paged = lines[0].GetProperty("set").GetString()!.StartsWith("paged", StringComparison.Ordinal);
        List<ChunkRow> actual = ChunkRow.Read(database, Inputs(lines[0].GetProperty("query")), onlyFirst: paged);
        if (lines[0].TryGetProperty("empty", out _))
        {
            Assert.Empty(actual);
            return 1;
        }

        Assert.Equal(lines.Count, actual.Count);
        foreach ((JsonElement expected, ChunkRow chunk) in lines.Zip(actual))
        {
            Assert.Equal(Describe(expected, chunk, withNext), chunk.Describe());
            Assert.Equal(expected.GetProperty("chunk_index").GetInt64(), chunk.Index);
            if (expected.TryGetProperty("payload_hex", out JsonElement hex))
            {
                Assert.Equal(hex.GetString(), Convert.ToHexStringLower(chunk.Payload));
            }
        }

        return lines.Count;
    }

    private static string Describe(JsonElement line, ChunkRow chunk, bool withNext) =>
        $"rows {line.GetProperty("rows")} versions {line.GetProperty("db_version_min")}-{line.GetProperty("db_version_max")}"
        + $" watermark {line.GetProperty("watermark_db_version")} next ({line.GetProperty("next_db_version")}, {line.GetProperty("next_seq")},"
        + $" {(withNext ? line.GetProperty("next_frag_offset").GetInt64() : chunk.NextOffset)}) final {line.GetProperty("is_final").GetInt64() == 1} payload {line.GetProperty("payload_size")} "
        + line.GetProperty("payload_sha256").GetString();

    private static void SetChunkSize(Database database, JsonElement line)
    {
        database.Exec("DELETE FROM cloudsync_settings WHERE key = 'payload_max_chunk_size'");
        JsonElement size = line.GetProperty("payload_max_chunk_size");
        if (size.ValueKind == JsonValueKind.Number)
        {
            database.Exec($"INSERT INTO cloudsync_settings VALUES ('payload_max_chunk_size', '{size}')");
        }
    }

    private static List<(string Column, object? Value)> Inputs(JsonElement query) =>
    [
        .. query.EnumerateObject().Select(input => (
            input.Name, input.Value.ValueKind == JsonValueKind.String ? Convert.FromHexString(input.Value.GetString()!) : (object?)input.Value.GetInt64())),
    ];

    private static IEnumerable<List<JsonElement>> Sets(string name) =>
        File.ReadLines(Fixtures.File(name + ".chunks.jsonl")).Select(line => JsonDocument.Parse(line).RootElement)
            .GroupBy(line => line.GetProperty("set").GetString()).Select(set => set.ToList());
}
