using System.Text.Json.Serialization;
using System.Text.Json.Serialization.Metadata;
using ChunkSync.Client;

namespace ChunkSync.Tool;

/// <summary>What an export did.</summary>
/// <param name="Store">Where it is.</param>
/// <param name="SiteId">Whose stream it is.</param>
/// <param name="Generation">The window's number.</param>
/// <param name="SinceDbVersion">The version behind which the window begins.</param>
/// <param name="UntilDbVersion">Its last version.</param>
/// <param name="Cursor">Behind its last chunk.</param>
/// <param name="Complete">Whether it is out.</param>
/// <param name="Resumed">Whether an earlier run began it.</param>
/// <param name="Chunks">The chunks that this run wrote.</param>
/// <param name="Rows">The changes in them.</param>
/// <param name="Bytes">The bytes of their payloads.</param>
/// <param name="Removed">How many objects were removed that the export does not name; null where that was not asked for.</param>
internal sealed record ChunksResult(
    string Store,
    SiteId SiteId,
    long Generation,
    long SinceDbVersion,
    long UntilDbVersion,
    ChunkCursor Cursor,
    bool Complete,
    bool Resumed,
    long Chunks,
    long Rows,
    long Bytes,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] long? Removed) : CommandResult("chunksync.chunks.v1")
{
    /// <summary>Makes it.</summary>
    public static ChunksResult Of(string store, ExportResult done, long? removed) => new(
        store, done.Head.Sender, done.Head.Generation, done.Head.Since, done.Head.Until, done.Head.Cursor, done.Head.Complete, done.Resumed, done.Chunks, done.Rows, done.Bytes, removed);

    /// <inheritdoc/>
    public override JsonTypeInfo ToJsonType() => ToolJson.Instance.ChunksResult;

    /// <inheritdoc/>
    public override void WriteText(TextOutput output)
    {
        output.Line(Chunks == 0
            ? $"nothing new: {Store} has everything up to version {TextOutput.Number(UntilDbVersion)}"
            : $"{TextOutput.Count(Chunks, "chunk")}, {TextOutput.Count(Rows, "change")}, {TextOutput.Count(Bytes, "byte")} written to {Store}{(Resumed ? ", behind those of an earlier run" : "")}");
        output.Line($"generation {Generation}: window {TextOutput.Number(SinceDbVersion + 1)} – {TextOutput.Number(UntilDbVersion)}, {(Complete ? "complete" : "not complete")}");
        if (Removed is long count)
        {
            output.Line($"{TextOutput.Count(count, "object")} removed that the export does not need");
        }
    }
}
