using System.Text.Json;
using System.Text.Json.Serialization;
using ChunkSync.Client;

namespace ChunkSync.Tool;

/// <summary>Cursors as text: <c>12.0.262144</c>.</summary>
internal sealed class CursorTextConverter : JsonConverter<ChunkCursor>
{
    /// <inheritdoc/>
    public override ChunkCursor Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) =>
        ChunkCursor.TryParse(reader.GetString(), null, out ChunkCursor cursor) ? cursor : throw new JsonException("no cursor");

    /// <inheritdoc/>
    public override void Write(Utf8JsonWriter writer, ChunkCursor value, JsonSerializerOptions options) => writer.WriteStringValue(value.ToString());
}
