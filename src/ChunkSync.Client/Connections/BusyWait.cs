using System.Diagnostics;

namespace ChunkSync.Client;

/// <summary>Waits for whoever has the database locked, as commands of Microsoft.Data.Sqlite do, without blocking a thread.</summary>
internal readonly struct BusyWait(TimeSpan limit)
{
    /// <summary>What Microsoft.Data.Sqlite waits between two tries.</summary>
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(150);

    private readonly long began = Stopwatch.GetTimestamp();

    /// <summary>Whether it is worth another try.</summary>
    public bool CanWaitFor(ChunkSyncException failure) =>
        failure.Kind == ChunkSyncErrorKind.Busy && (limit == Timeout.InfiniteTimeSpan || Stopwatch.GetElapsedTime(began) < limit);

    public Task WaitAsync(CancellationToken cancellation) => Task.Delay(Next(), cancellation);

    /// <summary>Waits in a call that is not asynchronous.</summary>
    public void Wait() => Thread.Sleep(Next());

    private TimeSpan Next()
    {
        TimeSpan left = limit == Timeout.InfiniteTimeSpan ? Pause : limit - Stopwatch.GetElapsedTime(began);
        return left < TimeSpan.Zero ? TimeSpan.Zero : left < Pause ? left : Pause;
    }
}
