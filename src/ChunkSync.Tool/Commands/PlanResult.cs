using System.Text.Json.Serialization.Metadata;

namespace ChunkSync.Tool;

/// <summary>What a send would be.</summary>
/// <param name="Chunks">The number of chunks.</param>
/// <param name="Rows">The number of changes; a part of a long value counts as one.</param>
/// <param name="Bytes">The bytes before compression.</param>
/// <param name="WatermarkDbVersion">The last version of the window; 0 where there is nothing to send.</param>
/// <param name="Layout">The chunks.</param>
internal sealed record PlanResult(long Chunks, long Rows, long Bytes, long WatermarkDbVersion, IReadOnlyList<PlannedChunkLine> Layout)
    : CommandResult("chunksync.plan.v1")
{
    /// <inheritdoc/>
    public override JsonTypeInfo ToJsonType() => ToolJson.Instance.PlanResult;

    /// <inheritdoc/>
    public override void WriteText(TextOutput output)
    {
        if (Chunks == 0)
        {
            output.Line("nothing to send");
            return;
        }

        output.Table([">chunk", ">rows", ">versions", ">bytes", "what"], Layout.Select(chunk => (string[])
        [
            TextOutput.Number(chunk.Index), TextOutput.Number(chunk.Rows), chunk.Versions, TextOutput.Number(chunk.Bytes), chunk.What,
        ]));
        output.Line($"{TextOutput.Count(Chunks, "chunk")}, {TextOutput.Count(Rows, "change")}, {TextOutput.Count(Bytes, "byte")} before compression,"
            + $" window {Layout[0].DbVersionMin} – {WatermarkDbVersion}");
    }
}
