using System.Text.Json.Serialization;
using ChunkSync.Client;

namespace ChunkSync.Tool;

/// <summary>What arrived of another site's stream.</summary>
/// <param name="SiteId">The site.</param>
/// <param name="Chunks">The chunks.</param>
/// <param name="Rows">The changes in them.</param>
/// <param name="Bytes">The bytes of their payloads.</param>
/// <param name="Next">What comes next.</param>
/// <param name="Gaps">What is missing before that, and is not in the store.</param>
internal sealed record PullResult(SiteId SiteId, long Chunks, long Rows, long Bytes, ChunkCursor Next, int Gaps)
{
    /// <summary>Whether the store has no stream of the site now, although something of it arrived before.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingDefault)]
    public bool Missing { get; init; }
}
