using System.Globalization;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace ChunkSync.Tool;

/// <summary>Integers that a reader with floating-point numbers would change are strings.</summary>
internal sealed class SafeIntegerConverter : JsonConverter<long>
{
    private const long Largest = 1L << 53;

    /// <inheritdoc/>
    public override long Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) => reader.TokenType == JsonTokenType.String
        ? long.TryParse(reader.GetString(), CultureInfo.InvariantCulture, out long value) ? value : throw new JsonException("no integer")
        : reader.GetInt64();

    /// <inheritdoc/>
    public override void Write(Utf8JsonWriter writer, long value, JsonSerializerOptions options) => Write(writer, value);

    /// <summary>Writes one.</summary>
    public static void Write(Utf8JsonWriter writer, long value)
    {
        if (value is >= -Largest and <= Largest)
        {
            writer.WriteNumberValue(value);
        }
        else
        {
            writer.WriteStringValue(value.ToString(CultureInfo.InvariantCulture));
        }
    }
}
