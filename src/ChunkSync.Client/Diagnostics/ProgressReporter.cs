using System.Diagnostics;

namespace ChunkSync.Client;

/// <summary>Reports progress at most ten times a second, and once at the end. What was planned is a guess: totals grow with what is done, and the end is what
/// was done.</summary>
internal sealed class ProgressReporter(IProgress<SyncProgress>? target, SyncPhase phase, long? totalBytes, long? totalRows)
{
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(100);

    private readonly long began = Stopwatch.GetTimestamp();
    private TimeSpan reported = -Pause;
    private long chunks;
    private long rows;
    private long bytes;

    /// <summary>Sets what is done.</summary>
    public void Add(long allChunks, long allRows, long allBytes)
    {
        (chunks, rows, bytes) = (allChunks, allRows, allBytes);
        if (target == null)
        {
            return;
        }

        TimeSpan elapsed = Stopwatch.GetElapsedTime(began);
        if (elapsed - reported >= Pause)
        {
            reported = elapsed;
            Report(elapsed, AtLeast(totalBytes, bytes), AtLeast(totalRows, rows));
        }
    }

    /// <summary>Reports the end.</summary>
    public void End() => Report(Stopwatch.GetElapsedTime(began), bytes, rows);

    private static long? AtLeast(long? total, long done) => total is long known ? Math.Max(known, done) : null;

    private void Report(TimeSpan elapsed, long? allBytes, long? allRows) =>
        target?.Report(new SyncProgress(phase, chunks, rows, bytes, allBytes, allRows, elapsed));
}
