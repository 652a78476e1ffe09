using System.Diagnostics;
using ChunkSync.Client;

namespace ChunkSync.Tool;

/// <summary>Counts chunks that were taken over, and reports at most ten times a second, and at the end.</summary>
/// <param name="target">Gets the reports.</param>
/// <param name="totalBytes">The bytes of all; null where that is not known.</param>
internal sealed class TransferProgress(IProgress<SyncProgress> target, long? totalBytes)
{
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(100);

    private readonly long began = Stopwatch.GetTimestamp();
    private TimeSpan reported;

    /// <summary>The chunks so far.</summary>
    public long Chunks { get; private set; }

    /// <summary>The changes so far.</summary>
    public long Changes { get; private set; }

    /// <summary>The bytes so far.</summary>
    public long Bytes { get; private set; }

    /// <summary>Counts a chunk.</summary>
    public void Add(long changes, long bytes)
    {
        (Chunks, Changes, Bytes) = (Chunks + 1, Changes + changes, Bytes + bytes);
        TimeSpan elapsed = Stopwatch.GetElapsedTime(began);
        if (elapsed - reported >= Pause)
        {
            reported = elapsed;
            Report(totalBytes is long total ? Math.Max(total, Bytes) : null);
        }
    }

    /// <summary>Reports the end.</summary>
    public void End() => Report(Bytes);

    private void Report(long? total) =>
        target.Report(new SyncProgress(SyncPhase.Applying, Chunks, Changes, Bytes, total, null, Stopwatch.GetElapsedTime(began)));
}
