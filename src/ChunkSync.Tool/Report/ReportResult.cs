using System.Text.Json.Serialization.Metadata;
using ChunkSync.Client;

namespace ChunkSync.Tool;

/// <summary>What a report shows.</summary>
/// <param name="Database">The file.</param>
/// <param name="SiteId">Its site.</param>
/// <param name="DbVersion">Its version.</param>
/// <param name="Chunks">The chunks of the window.</param>
/// <param name="Rows">Their changes.</param>
/// <param name="Bytes">Their bytes before compression.</param>
/// <param name="WatermarkDbVersion">The end of the window.</param>
/// <param name="ChunkSize">The largest chunk.</param>
/// <param name="Strip">The chunks, in bins where there are many.</param>
/// <param name="Versions">Changes by version.</param>
/// <param name="Writers">Changes by site and table, of the whole database.</param>
/// <param name="Values">Values longer than a chunk, the longest first.</param>
/// <param name="Storage">What pages are used for.</param>
/// <param name="Timing">How long pages take, with --timed.</param>
/// <param name="Against">How it compares with another database, with --against.</param>
internal sealed record ReportResult(
    string Database,
    SiteId SiteId,
    long DbVersion,
    long Chunks,
    long Rows,
    long Bytes,
    long WatermarkDbVersion,
    long ChunkSize,
    IReadOnlyList<ReportBin> Strip,
    IReadOnlyList<ReportVersions> Versions,
    IReadOnlyList<ReportWriter> Writers,
    IReadOnlyList<ReportValue> Values,
    IReadOnlyList<ReportStorage> Storage,
    ReportTiming? Timing,
    VerifyResult? Against) : CommandResult("chunksync.report.v1")
{
    private string? written;

    /// <inheritdoc/>
    public override JsonTypeInfo ToJsonType() => ToolJson.Instance.ReportResult;

    /// <summary>The same, written to a file, which the text names.</summary>
    public ReportResult WrittenTo(string file, long bytes)
    {
        written = $"{file}: {TextOutput.Count(bytes, "byte")}";
        return this;
    }

    /// <inheritdoc/>
    public override void WriteText(TextOutput output)
    {
        output.Line($"{TextOutput.Count(Chunks, "chunk")}, {TextOutput.Count(Rows, "change")}, {TextOutput.Count(Bytes, "byte")} before compression");
        output.Line(written ?? "");
    }
}
