using System.Text.Json;
using System.Text.Json.Serialization;
using ChunkSync.Client;

namespace ChunkSync.Tool;

/// <summary>Site ids as 32 hex digits.</summary>
internal sealed class SiteTextConverter : JsonConverter<SiteId>
{
    /// <inheritdoc/>
    public override SiteId Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) =>
        SiteId.TryParse(reader.GetString(), null, out SiteId site) ? site : throw new JsonException("no site id");

    /// <inheritdoc/>
    public override void Write(Utf8JsonWriter writer, SiteId value, JsonSerializerOptions options) => writer.WriteStringValue(value.ToString());
}
