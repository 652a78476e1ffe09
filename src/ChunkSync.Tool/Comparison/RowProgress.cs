using System.Diagnostics;

namespace ChunkSync.Tool;

/// <summary>Counts the rows that were looked at, part by part, and reports at most ten times a second, and at the end.</summary>
/// <param name="show">Gets the rows that are done, and how many there are.</param>
internal sealed class RowProgress(Action<long, long?> show)
{
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(100);

    private readonly long began = Stopwatch.GetTimestamp();
    private TimeSpan reported;
    private long before;
    private long done;
    private long? share;

    /// <summary>The rows of all parts; null while that is not known.</summary>
    public long? Total { get; set; }

    /// <summary>Begins a part.</summary>
    /// <param name="rows">How many rows it has; null where that is not known.</param>
    public void Begin(long? rows) => (share, done) = (rows, 0);

    /// <summary>Counts rows. More than the part has do not count.</summary>
    public void Add(long rows = 1)
    {
        done = Math.Min(done + rows, share ?? long.MaxValue);
        TimeSpan elapsed = Stopwatch.GetElapsedTime(began);
        if (elapsed - reported >= Pause)
        {
            reported = elapsed;
            show(before + done, Total);
        }
    }

    /// <summary>Ends a part: all of its rows are done, whether or not each was counted.</summary>
    public void End()
    {
        before += share ?? done;
        (share, done) = (0, 0);
    }

    /// <summary>Reports that everything is done.</summary>
    public void Finish() => show(before, before);
}
