using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace ChunkSync.Tool;

/// <summary>JSON of every result, by generated code. Integers above 2^53 are strings; blobs are strings of hex digits.</summary>
[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower,
    Converters = [typeof(SafeIntegerConverter), typeof(CursorTextConverter), typeof(SiteTextConverter), typeof(SqlValueConverter)])]
[JsonSerializable(typeof(ApplyCommandResult))]
[JsonSerializable(typeof(ChunksResult))]
[JsonSerializable(typeof(ClockLine))]
[JsonSerializable(typeof(CompletionResult))]
[JsonSerializable(typeof(DiffResult))]
[JsonSerializable(typeof(DoctorResult))]
[JsonSerializable(typeof(DumpedChange))]
[JsonSerializable(typeof(DumpedHeader))]
[JsonSerializable(typeof(ErrorResult))]
[JsonSerializable(typeof(InitResult))]
[JsonSerializable(typeof(PagingResult))]
[JsonSerializable(typeof(PlanResult))]
[JsonSerializable(typeof(ProgressLine))]
[JsonSerializable(typeof(ReportResult))]
[JsonSerializable(typeof(RowProgressLine))]
[JsonSerializable(typeof(StatusResult))]
[JsonSerializable(typeof(SyncResult))]
[JsonSerializable(typeof(VerifyResult))]
[JsonSerializable(typeof(VersionResult))]
internal sealed partial class ToolJson : JsonSerializerContext
{
    private static ToolJson? relaxed;

    /// <summary>The one for standard output: only what JSON asks for is escaped.</summary>
    public static ToolJson Instance => relaxed ??= new ToolJson(new JsonSerializerOptions(Default.Options) { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping });

    /// <summary>A result in one line.</summary>
    public static string Text(CommandResult result) => JsonSerializer.Serialize(result, result.ToJsonType());
}
