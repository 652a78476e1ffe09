using ChunkSync.Client;

namespace ChunkSync.Tool;

/// <summary>A sender whose stream is recorded.</summary>
/// <param name="SiteId">Its site id.</param>
/// <param name="Next">What comes next: all that arrived lies before it.</param>
/// <param name="Gaps">What is missing before that.</param>
internal sealed record SenderStatus(SiteId SiteId, ChunkCursor Next, IReadOnlyList<GapStatus> Gaps)
{
    /// <summary>The senders, by their gaps.</summary>
    public static SenderStatus[] Read(IReadOnlyList<StreamGap> gaps) =>
    [
        .. gaps.GroupBy(gap => gap.Sender).Select(sender => new SenderStatus(
            sender.Key, sender.Last().From, [.. sender.Where(gap => gap.To != null).Select(gap => new GapStatus(gap.From, gap.To!.Value))])),
    ];
}
