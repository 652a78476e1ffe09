using System.Text.Json;
using System.Text.Json.Serialization;

namespace ChunkSync.Client;

/// <summary>A <see cref="ChunkCursor"/> as a JSON string; works with source generation, without reflection.</summary>
public sealed class ChunkCursorConverter : JsonConverter<ChunkCursor>
{
    /// <summary>Three numbers of up to 19 digits, and two dots.</summary>
    private const int MaxLength = (3 * 19) + 2;

    /// <inheritdoc/>
    public override ChunkCursor Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options)
    {
        string? text = reader.TokenType == JsonTokenType.String ? reader.GetString() : null;
        return ChunkCursor.TryParse(text, null, out ChunkCursor cursor)
            ? cursor
            : throw new JsonException($"'{text}' is no cursor: a string such as \"12.0.262144\"");
    }

    /// <inheritdoc/>
    public override void Write(Utf8JsonWriter writer, ChunkCursor value, JsonSerializerOptions options)
    {
        Span<byte> text = stackalloc byte[MaxLength];
        _ = value.TryFormat(text, out int length, default, null);
        writer.WriteStringValue(text[..length]);
    }
}
