using System.Text.Json.Serialization.Metadata;

namespace ChunkSync.Tool;

/// <summary>How pages compare with one scan.</summary>
/// <param name="Database">The file.</param>
/// <param name="Equal">Whether all are equal.</param>
/// <param name="Chunks">The chunks of the scan.</param>
/// <param name="Rows">Their changes.</param>
/// <param name="Pages">The pages that were read.</param>
/// <param name="Positions">The positions from which a page was read.</param>
/// <param name="Differences">The pages that differ.</param>
internal sealed record PagingResult(string Database, bool Equal, long Chunks, long Rows, long Pages, long Positions, IReadOnlyList<string> Differences)
    : CommandResult("chunksync.verify.v1")
{
    /// <inheritdoc/>
    public override ExitCode ToExitCode() => Equal ? ExitCode.Done : ExitCode.Differs;

    /// <inheritdoc/>
    public override JsonTypeInfo ToJsonType() => ToolJson.Instance.PagingResult;

    /// <inheritdoc/>
    public override void WriteText(TextOutput output)
    {
        string cuts = Positions == 0 ? "" : $", cut behind every chunk and at {TextOutput.Count(Positions, "position")}";
        output.Line($"{TextOutput.Count(Chunks, "chunk")} of one scan, {TextOutput.Count(Pages, "page")}{cuts}: {(Equal ? "equal" : "different")}");
        foreach (string difference in Differences.Take(10))
        {
            output.Line(difference);
        }
    }
}
