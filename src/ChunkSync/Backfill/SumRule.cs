namespace ChunkSync.Backfill;

/// <summary>Weighs all rows and stops nowhere.</summary>
internal sealed class SumRule : ChunkRule
{
    /// <inheritdoc/>
    public override bool NeedsWeight => true;

    /// <summary>The weight so far.</summary>
    public long Total { get; private set; }

    /// <summary>The rows so far.</summary>
    public long Count { get; private set; }

    /// <summary>The largest row.</summary>
    public long Largest { get; private set; }

    /// <summary>The smallest row.</summary>
    public long Smallest { get; private set; } = long.MaxValue;

    /// <summary>The least number of even chunks of which none needs more than the cap. A boundary lies up to half a row off its place, so a chunk
    /// is up to one row larger than the mean; where rows are large beside the cap, the cap itself cuts.</summary>
    /// <param name="cap">The most bytes of a chunk.</param>
    public EvenSchedule Schedule(long cap)
    {
        const int Small = 4;
        if (Total <= cap || Largest > cap / Small)
        {
            return EvenSchedule.OfCap(Total, cap);
        }

        long pieces = Smallest == Largest ? EvenSchedule.OfCap(Count, cap / Largest).Pieces : EvenSchedule.OfCap(Total, cap - Largest).Pieces;
        return new(Total, pieces);
    }

    /// <inheritdoc/>
    public override bool Add(long weight)
    {
        Total += weight;
        Count++;
        Largest = Math.Max(Largest, weight);
        Smallest = Math.Min(Smallest, weight);
        return false;
    }

    /// <inheritdoc/>
    public override void End() => Bytes = Total;
}
