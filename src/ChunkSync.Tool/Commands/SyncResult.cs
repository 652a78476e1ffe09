using System.Text.Json.Serialization.Metadata;
using ChunkSync.Client;

namespace ChunkSync.Tool;

/// <summary>What a push and a pull did.</summary>
/// <param name="Store">Where.</param>
/// <param name="SiteId">This database.</param>
/// <param name="Pushed">What was written.</param>
/// <param name="Pulled">What arrived, by site.</param>
/// <param name="Waiting">The rows of the database that have changes which could not be merged yet.</param>
internal sealed record SyncResult(string Store, SiteId SiteId, PushResult Pushed, IReadOnlyList<PullResult> Pulled, long Waiting) : CommandResult("chunksync.sync.v1")
{
    /// <inheritdoc/>
    public override JsonTypeInfo ToJsonType() => ToolJson.Instance.SyncResult;

    /// <inheritdoc/>
    public override void WriteText(TextOutput output)
    {
        string removed = Pushed.Removed is long count ? $"; {TextOutput.Count(count, "object")} removed" : "";
        output.Line((Pushed.Chunks == 0 ? "push: nothing new" : "push: " + Amount(Pushed.Chunks, Pushed.Rows, Pushed.Bytes)) + removed);
        foreach (PullResult pull in Pulled)
        {
            string gaps = pull.Gaps == 0 ? "" : $"; {TextOutput.Count(pull.Gaps, "gap")} that the store cannot fill";
            string arrived = pull.Missing ? $"{Store} has no stream of it now" : pull.Chunks == 0 ? "nothing new" : Amount(pull.Chunks, pull.Rows, pull.Bytes);
            output.Line($"pull {pull.SiteId}: {arrived}{gaps}");
        }

        if (Waiting > 0)
        {
            output.Line($"{TextOutput.Count(Waiting, "row")} with changes that wait: SELECT * FROM cloudsync_waiting says why");
        }
    }

    private static string Amount(long chunks, long changes, long bytes) =>
        $"{TextOutput.Count(chunks, "chunk")}, {TextOutput.Count(changes, "change")}, {TextOutput.Count(bytes, "byte")}";
}
