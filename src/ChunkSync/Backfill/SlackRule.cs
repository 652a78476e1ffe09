namespace ChunkSync.Backfill;

/// <summary>Stops at the last row of a chunk that must stay, and at the first that must go.</summary>
/// <param name="early">The number of the row that must stay, from 1.</param>
/// <param name="target">The most rows of a chunk.</param>
internal sealed class SlackRule(long early, long target) : ChunkRule
{
    /// <summary>The number of the last row that must stay.</summary>
    public long Early => early;

    /// <summary>The rows of the chunk under way.</summary>
    public long Seen { get; private set; }

    /// <summary>A chunk begins, which has so many rows already.</summary>
    public void Begin(long rows) => Seen = rows;

    /// <inheritdoc/>
    public override long Idle => Seen < early ? Math.Min(early - 1, target) - Seen : target - Seen;

    /// <inheritdoc/>
    public override void Pass(long entries) => Seen += entries;

    /// <inheritdoc/>
    public override bool Add(long weight)
    {
        Seen++;
        return Seen == early || Seen - 1 == target;
    }

    /// <inheritdoc/>
    public override void End() => Rows = Seen;
}
