using System.Text.Json.Serialization.Metadata;

namespace ChunkSync.Tool;

/// <summary>What an apply did.</summary>
/// <param name="Source">Where the chunks came from.</param>
/// <param name="Chunks">The chunks.</param>
/// <param name="Rows">The changes in them.</param>
/// <param name="Bytes">The bytes of their payloads.</param>
/// <param name="Waiting">The rows of the database that have changes which could not be merged yet.</param>
/// <param name="Received">Whether it is recorded what arrived of the sender's stream.</param>
/// <param name="DryRun">Whether the chunks were only checked.</param>
internal sealed record ApplyCommandResult(
    string Source, long Chunks, long Rows, long Bytes, long Waiting, bool Received, bool DryRun) : CommandResult("chunksync.apply.v1")
{
    /// <inheritdoc/>
    public override JsonTypeInfo ToJsonType() => ToolJson.Instance.ApplyCommandResult;

    /// <inheritdoc/>
    public override void WriteText(TextOutput output)
    {
        string what = DryRun ? "are sound; nothing was changed" : Received ? "received" : "applied";
        output.Line(Chunks == 0
            ? $"nothing to {(DryRun ? "check" : "apply")} in {Source}"
            : $"{TextOutput.Count(Chunks, "chunk")}, {TextOutput.Count(Rows, "change")}, {TextOutput.Count(Bytes, "byte")} {what}");
        if (Waiting > 0)
        {
            output.Line($"{TextOutput.Count(Waiting, "row")} with changes that wait: SELECT * FROM cloudsync_waiting says why");
        }
    }
}
