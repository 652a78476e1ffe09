using System.Text.Json;
using System.Text.Json.Serialization;

namespace ChunkSync.Tool;

/// <summary>Values of SQLite as JSON: blobs as hex digits, and what JSON has no number for as a string. The type stands beside the value.</summary>
internal sealed class SqlValueConverter : JsonConverter<SqlValue>
{
    /// <inheritdoc/>
    public override SqlValue Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) =>
        throw new NotSupportedException("values are only written");

    /// <inheritdoc/>
    public override void Write(Utf8JsonWriter writer, SqlValue value, JsonSerializerOptions options)
    {
        switch (value.Content)
        {
            case null:
                writer.WriteNullValue();
                break;
            case long number:
                SafeIntegerConverter.Write(writer, number);
                break;
            case double number when double.IsFinite(number):
                writer.WriteNumberValue(number);
                break;
            case double number:
                writer.WriteStringValue(number > 0 ? "Infinity" : "-Infinity");
                break;
            case byte[] bytes:
                writer.WriteStringValue(Convert.ToHexStringLower(bytes));
                break;
            case object text:
                writer.WriteStringValue((string)text);
                break;
        }
    }
}
