using System.Text.Json;
using ChunkSync.Tests.Host;

namespace ChunkSync.Tests.Frontier;

/// <summary>A recorded history of <c>tests/fixtures/tree/cases.jsonl</c>; <c>make_cases.py</c> beside it describes the format.</summary>
internal sealed class TreeCase
{
    private static readonly Lazy<Dictionary<string, TreeCase>> All = new(() =>
        File.ReadLines(Fixtures.File("tree/cases.jsonl")).Select(Parse).ToDictionary(item => item.Name));

    public required string Name { get; init; }

    public required IReadOnlyList<NaiveOperation> Operations { get; init; }

    public required IReadOnlyList<int> Batches { get; init; }

    public required IReadOnlyList<int> Canonical { get; init; }

    public required string Effective { get; init; }

    public required IReadOnlyList<int> Void { get; init; }

    public required IReadOnlyList<int> Held { get; init; }

    /// <summary>Where the nodes are, by the identities of their keys.</summary>
    public required IReadOnlyDictionary<string, string> Places { get; init; }

    /// <summary>One of them.</summary>
    public static TreeCase Load(string name) => All.Value[name];

    private static TreeCase Parse(string line)
    {
        using JsonDocument document = JsonDocument.Parse(line);
        JsonElement root = document.RootElement;
        return new TreeCase
        {
            Name = root.GetProperty("name").GetString()!,
            Operations = [.. root.GetProperty("ops").EnumerateArray().Select(Operation)],
            Batches = Integers(root, "batches"),
            Canonical = Integers(root, "canonical"),
            Effective = root.GetProperty("effective").GetString()!,
            Void = Integers(root, "void"),
            Held = Integers(root, "held"),
            Places = root.GetProperty("place").EnumerateArray().ToDictionary(
                place => NaiveOperation.Key(Value(place[0])!),
                place => NaiveTree.Describe((Value(place[1]) is object parent ? NaiveOperation.Key(parent) : null, Value(place[2])))),
        };
    }

    private static NaiveOperation Operation(JsonElement element) => new(
        element[0].GetInt64(), element[1].GetString()!, Value(element[2])!, Value(element[3])!, Value(element[4]) ?? Array.Empty<byte>());

    private static object? Value(JsonElement element) => element.ValueKind switch
    {
        JsonValueKind.Null => null,
        JsonValueKind.String => element.GetString(),
        JsonValueKind.Number => element.GetRawText().Contains('.') ? element.GetDouble() : (object)element.GetInt64(),
        _ => Convert.FromHexString(element.GetProperty("blob").GetString()!),
    };

    private static List<int> Integers(JsonElement root, string name) => [.. root.GetProperty(name).EnumerateArray().Select(item => item.GetInt32())];
}
