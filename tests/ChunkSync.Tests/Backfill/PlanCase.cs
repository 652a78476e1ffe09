using System.Text.Json;

namespace ChunkSync.Tests.Backfill;

/// <summary>One case of properties.json: inputs of a plan, and what the plan must satisfy. The keys are explained in make_shapes.py.</summary>
internal sealed class PlanCase(JsonElement element)
{
    /// <summary>A case without properties: only what every plan owes.</summary>
    public static PlanCase Of(Dictionary<string, object?> inputs, int scans = 0)
    {
        Dictionary<string, object?> all = new() { ["inputs"] = inputs, ["scans_allowed"] = scans };
        return new(JsonSerializer.SerializeToElement(all));
    }

    public JsonElement Element => element;

    /// <summary>The inputs as SQL values.</summary>
    public Dictionary<string, object?> Inputs => element.TryGetProperty("inputs", out JsonElement inputs)
        ? inputs.EnumerateObject().ToDictionary(pair => pair.Name, pair => PlanJson.Scalar(pair.Value))
        : [];

    public bool Has(string name) => element.TryGetProperty(name, out _);

    public long Integer(string name) => element.GetProperty(name).GetInt64();

    public double Real(string name) => element.GetProperty(name).GetDouble();

    public string Text(string name) => element.GetProperty(name).GetString()!;

    public bool IsExact => !Has("exact") || element.GetProperty("exact").GetBoolean();

    public IEnumerable<JsonElement> List(string name) => Has(name) ? element.GetProperty(name).EnumerateArray() : [];
}
