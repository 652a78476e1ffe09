namespace ChunkSync.Backfill;

/// <summary>Weighs all rows and stops nowhere.</summary>
internal sealed class SumRule : ChunkRule
{
    /// <inheritdoc/>
    public override bool NeedsWeight => true;

    /// <summary>The weight so far.</summary>
    public long Total { get; private set; }

    /// <inheritdoc/>
    public override bool Add(long weight)
    {
        Total += weight;
        return false;
    }

    /// <inheritdoc/>
    public override void End() => Bytes = Total;
}
