namespace ChunkSync.Backfill;

/// <summary>Chunks by bytes: a chunk ends before it would have more than the cap, and where its middle row passes the boundary of an even
/// schedule. A single row may be larger than the cap.</summary>
internal sealed class ByteCap : ChunkRule
{
    private readonly EvenSchedule schedule;
    private readonly long cap;
    private readonly long rowCap;
    private long rows;
    private long bytes;
    private long total;
    private bool isFirst = true;

    /// <summary>i, the number of the next boundary i·W/K.</summary>
    private long number;

    /// <summary>Twice the next boundary, times K.</summary>
    private Int128 boundary = Int128.MaxValue;

    /// <param name="schedule">Total weight and number of chunks; without pieces only the cap counts.</param>
    /// <param name="cap">The most bytes of a chunk.</param>
    /// <param name="rowCap">The most rows of a chunk.</param>
    /// <param name="done">Bytes of earlier chunks.</param>
    /// <param name="state">The earlier <see cref="State"/>.</param>
    public ByteCap(EvenSchedule schedule, long cap, long rowCap, long done, long state)
    {
        number = state - 1;
        this.schedule = schedule;
        this.cap = cap;
        this.rowCap = rowCap;
        total = done;
    }

    /// <inheritdoc/>
    public override bool NeedsWeight => true;

    /// <inheritdoc/>
    public override long State => schedule.Pieces > 0 ? number : 0;

    /// <inheritdoc/>
    public override bool Add(long weight)
    {
        bool stops = isFirst || bytes > cap - weight || rows == rowCap || IsBoundary(weight);
        if (stops)
        {
            Rows = rows;
            Bytes = bytes;
            rows = 0;
            bytes = 0;
            isFirst = false;
            if (schedule.Pieces > 0)
            {
                FindBoundary(weight);
            }
        }

        rows++;
        bytes += weight;
        total += weight;
        return stops;
    }

    /// <inheritdoc/>
    public override void End()
    {
        Rows = rows;
        Bytes = bytes;
    }

    /// <summary>Every cut uses up one boundary, the cap's own as well, and all that the middle of the coming row has passed.</summary>
    private void FindBoundary(long weight)
    {
        Int128 middle = (2 * (Int128)total) + weight;
        Int128 all = 2 * (Int128)schedule.Total;
        number = (long)Int128.Min(Int128.Max((Int128)number + 1, (middle * schedule.Pieces / all) + 1), schedule.Pieces);
        boundary = number < schedule.Pieces ? number * all : Int128.MaxValue;
    }

    private bool IsBoundary(long weight) =>
        boundary != Int128.MaxValue && ((2 * (Int128)total) + weight) * schedule.Pieces >= boundary;
}
