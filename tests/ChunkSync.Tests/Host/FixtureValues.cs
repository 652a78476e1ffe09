using System.Buffers.Binary;
using System.Text.Json;

namespace ChunkSync.Tests.Host;

/// <summary>Values as the fixtures write them.</summary>
public static class FixtureValues
{
    /// <summary>A JSON value as SQL value.</summary>
    public static object? Parse(JsonElement value)
    {
        switch (value.ValueKind)
        {
            case JsonValueKind.Null:
                return null;
            case JsonValueKind.Number:
                return value.GetInt64();
            case JsonValueKind.String:
                return value.GetString();
        }

        if (value.TryGetProperty("real", out JsonElement real))
        {
            return BitConverter.Int64BitsToDouble(BinaryPrimitives.ReadInt64BigEndian(Convert.FromHexString(real.GetString()!)));
        }

        if (value.TryGetProperty("blob", out JsonElement blob))
        {
            return Convert.FromHexString(blob.GetString()!);
        }

        if (value.TryGetProperty("text_hex", out JsonElement hex))
        {
            return new RawText(Convert.FromHexString(hex.GetString()!));
        }

        return value.GetProperty("text").GetString();
    }

    /// <summary>A short, exact description of a value, the same for equal values of equal storage class.</summary>
    public static string Describe(object? value) => value switch
    {
        null => "NULL",
        long number => "i" + number,
        double real => "r" + BitConverter.DoubleToInt64Bits(real).ToString("x16"),
        string text => Text(System.Text.Encoding.UTF8.GetBytes(text)),
        RawText raw => Text(raw.Bytes),
        byte[] blob => Bytes("b", blob),
        _ => value.ToString()!,
    };

    /// <summary>The description of a value in a fixture, also where only its length and hash are recorded.</summary>
    public static string Describe(JsonElement value)
    {
        if (value.ValueKind == JsonValueKind.Object)
        {
            foreach ((string kind, string name) in ((string, string)[])[("t", "text"), ("b", "blob")])
            {
                if (value.TryGetProperty(name + "_sha256", out JsonElement hash))
                {
                    return $"{kind}#{value.GetProperty(name + "_len")}:{hash.GetString()}";
                }
            }
        }

        return Describe(Parse(value));
    }

    private static string Text(byte[] utf8) => Bytes("t", utf8);

    private static string Bytes(string kind, byte[] data) =>
        $"{kind}#{data.Length}:" + Convert.ToHexStringLower(System.Security.Cryptography.SHA256.HashData(data));
}
