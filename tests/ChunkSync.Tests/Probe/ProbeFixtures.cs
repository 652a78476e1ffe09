using System.Text;
using System.Text.Json;
using ChunkSync.Probe;
using ChunkSync.Sqlite;
using ChunkSync.Tests.Host;

namespace ChunkSync.Tests.Probe;

/// <summary>The recorded chains and cases of <c>tests/fixtures/probe</c>.</summary>
internal static class ProbeFixtures
{
    /// <summary>All chains: name, then chunks with an index of each level (0 = none).</summary>
    public static IReadOnlyDictionary<string, List<StoredChunk>[]> Chains { get; } = ReadChains();

    /// <summary>The lines of a file as JSON.</summary>
    public static IEnumerable<JsonElement> Lines(string name) =>
        File.ReadLines(Fixtures.File(Path.Combine("probe", name))).Select(line => JsonDocument.Parse(line).RootElement);

    /// <summary>The set of a case's probes.</summary>
    public static byte[] MakeSet(JsonElement probes)
    {
        using ProbeSetBuilder builder = new();
        foreach (JsonElement probe in probes.EnumerateArray())
        {
            JsonElement[] parts = [.. probe.EnumerateArray()];
            switch (parts[0].GetString())
            {
                case "all":
                    builder.AddAll();
                    break;
                case "table":
                    builder.AddTable(Encoding.UTF8.GetBytes(parts[1].GetString()!));
                    break;
                case "entity":
                    builder.AddEntity(Encoding.UTF8.GetBytes(parts[1].GetString()!), Convert.FromHexString(parts[2].GetString()!));
                    break;
                case "site":
                    builder.AddSite(Convert.FromHexString(parts[1].GetString()!));
                    break;
                case "position":
                    builder.AddPoint(new Position(parts[1].GetInt64(), parts[2].GetInt64()));
                    break;
                default:
                    builder.AddRange(new PositionInterval(
                        Bound(parts[1], parts[2], Position.First), Bound(parts[3], parts[4], Position.Last)));
                    break;
            }
        }

        return ProbeBytes.Finish(builder);
    }

    private static Position Bound(JsonElement version, JsonElement seq, Position open) =>
        version.ValueKind == JsonValueKind.Null ? open
        : new Position(version.GetInt64(), seq.ValueKind == JsonValueKind.Null ? open.Seq : seq.GetInt64());

    private static Dictionary<string, List<StoredChunk>[]> ReadChains()
    {
        Dictionary<string, List<StoredChunk>[]> chains = [];
        foreach (JsonElement line in Lines("chains.jsonl"))
        {
            string name = line.GetProperty("chain").GetString()!;
            if (!chains.TryGetValue(name, out List<StoredChunk>[]? levels))
            {
                levels = [[], [], []];
                chains.Add(name, levels);
            }

            byte[] payload = Convert.FromHexString(line.GetProperty("payload").GetString()!);
            long ordinal = line.GetProperty("chunk_index").GetInt64();
            levels[0].Add(new StoredChunk(ordinal, payload, null));
            levels[1].Add(new StoredChunk(ordinal, payload, Convert.FromHexString(line.GetProperty("payload_index_1").GetString()!)));
            levels[2].Add(new StoredChunk(ordinal, payload, Convert.FromHexString(line.GetProperty("payload_index_2").GetString()!)));
        }

        return chains;
    }
}
