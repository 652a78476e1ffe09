namespace ChunkSync.Client;

/// <summary>What has not arrived of a sender's stream.</summary>
/// <param name="Sender">The sender.</param>
/// <param name="From">The first position that is missing.</param>
/// <param name="To">The first position behind it that is there; null for the open end, which every sender has.</param>
public sealed record StreamGap(SiteId Sender, ChunkCursor From, ChunkCursor? To)
{
    /// <summary>What to read at the sender. A chunk whose <see cref="Chunk.Next"/> reaches <see cref="To"/> is the last one that is needed. Where the sender finds
    /// nothing, <see cref="ChunkEnvelope.Nothing"/> closes the gap.</summary>
    public ChunkWindow Window => new(From) { Until = To?.DbVersion };
}
