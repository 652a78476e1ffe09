namespace ChunkSync.Backfill;

/// <summary>Stops at the first row that is too many.</summary>
/// <param name="limit">How many there may be.</param>
internal sealed class LimitRule(long limit) : ChunkRule
{
    /// <summary>The rows seen so far.</summary>
    public long Seen { get; private set; }

    /// <inheritdoc/>
    public override long Idle => limit - Seen;

    /// <inheritdoc/>
    public override void Pass(long entries) => Seen += entries;

    /// <inheritdoc/>
    public override bool Add(long weight) => Seen++ == limit;

    /// <inheritdoc/>
    public override void End() => Rows = Seen;
}
