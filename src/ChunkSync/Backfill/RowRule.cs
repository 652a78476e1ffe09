namespace ChunkSync.Backfill;

/// <summary>Chunks by rows: at the boundaries of a schedule, and before a chunk has more rows than the cap.</summary>
internal sealed class RowRule : ChunkRule
{
    private readonly EvenSchedule schedule;
    private readonly long cap;
    private long seen;
    private long begin;
    private long stop;

    /// <param name="schedule">The boundaries; without pieces only the cap counts.</param>
    /// <param name="cap">The most rows of a chunk.</param>
    /// <param name="done">Rows of earlier chunks.</param>
    public RowRule(EvenSchedule schedule, long cap, long done)
    {
        this.schedule = schedule;
        this.cap = cap;
        seen = done;
        begin = done;
        stop = done;
    }

    /// <inheritdoc/>
    public override long Idle => stop - seen;

    /// <inheritdoc/>
    public override void Pass(long entries) => seen += entries;

    /// <inheritdoc/>
    public override bool Add(long weight)
    {
        if (seen++ != stop)
        {
            return false;
        }

        Begin(seen - 1);
        return true;
    }

    /// <inheritdoc/>
    public override void End() => Rows = seen - begin;

    private void Begin(long at)
    {
        Rows = at - begin;
        begin = at;
        long most = at > long.MaxValue - cap ? long.MaxValue : at + cap;
        stop = Math.Min(most, schedule.Next(at));
    }
}
