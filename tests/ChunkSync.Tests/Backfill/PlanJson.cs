using System.Buffers.Binary;
using System.Text;
using System.Text.Json;
using ChunkSync.Tests.Host;

namespace ChunkSync.Tests.Backfill;

/// <summary>The JSON values of a plan's columns as SQL values.</summary>
internal static class PlanJson
{
    /// <summary>The values of lower, upper, hot or bind_values.</summary>
    public static List<object?> Values(string json)
    {
        using JsonDocument document = JsonDocument.Parse(json);
        return [.. document.RootElement.EnumerateArray().Select(Scalar)];
    }

    /// <summary>One value; 1 and 1.0 stay an integer and a real.</summary>
    public static object? Scalar(JsonElement element)
    {
        switch (element.ValueKind)
        {
            case JsonValueKind.Null:
                return null;
            case JsonValueKind.String:
                return element.GetString();
            case JsonValueKind.Number:
                string digits = element.GetRawText();
                return digits.AsSpan().IndexOfAny(".eE") < 0 ? (object)element.GetInt64() : element.GetDouble();
            case JsonValueKind.Object when element.TryGetProperty("blob", out JsonElement blob):
                return Convert.FromHexString(blob.GetString()!);
            case JsonValueKind.Object when element.TryGetProperty("text_hex", out JsonElement text):
                return new RawText(Convert.FromHexString(text.GetString()!));
            case JsonValueKind.Object when element.TryGetProperty("real", out JsonElement real):
                return BinaryPrimitives.ReadDoubleBigEndian(Convert.FromHexString(real.GetString()!));
            default:
                throw new FormatException("unknown value " + element.GetRawText());
        }
    }

    /// <summary>A value for a message, or to compare two.</summary>
    public static string Show(object? value) => value switch
    {
        null => "NULL",
        byte[] blob => "x'" + Convert.ToHexStringLower(blob) + "'",
        RawText raw => "text x'" + Convert.ToHexStringLower(raw.Bytes) + "'",
        string text => "'" + text + "'",
        double real => real.ToString("R") + "r",
        _ => value.ToString()!,
    };
}
