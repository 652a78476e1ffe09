using System.Text.Json;
using System.Text.Json.Serialization;

namespace ChunkSync.Tool;

/// <summary>Heads and parts as JSON. Equal ones have equal bytes.</summary>
[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower, RespectNullableAnnotations = true, RespectRequiredConstructorParameters = true, MaxDepth = 8)]
[JsonSerializable(typeof(ExportHead))]
[JsonSerializable(typeof(ManifestPart))]
internal sealed partial class StoreJson : JsonSerializerContext;
