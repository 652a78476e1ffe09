using System.Diagnostics;
using System.Globalization;

namespace ChunkSync.Bench.Worker;

/// <summary>Takes the time and the memory of what runs between its making and <see cref="Stop"/>.</summary>
internal sealed class Meter
{
    private readonly long memory = Native.MemoryUsed();
    private readonly long rss;
    private readonly long allocated = GC.GetTotalAllocatedBytes();
    private readonly long start;
    private readonly TimeSpan processor;

    public Meter()
    {
        _ = Native.MemoryHighWater(1);
        ResetPeak();
        rss = StatusBytes("VmRSS");
        processor = Environment.CpuUsage.TotalTime;
        start = Stopwatch.GetTimestamp();
    }

    /// <summary>What was used since the meter was made.</summary>
    public Measurement Stop()
    {
        double milliseconds = Stopwatch.GetElapsedTime(start).TotalMilliseconds;
        double used = (Environment.CpuUsage.TotalTime - processor).TotalMilliseconds;
        return new Measurement
        {
            Milliseconds = milliseconds,
            ProcessorMilliseconds = used,
            ManagedBytes = GC.GetTotalAllocatedBytes() - allocated,
            SqliteBytes = Native.MemoryHighWater(0) - memory,
            RssBytes = StatusBytes("VmHWM") - rss,
        };
    }

    /// <summary>Lets the kernel begin a new peak of this process's resident memory (proc(5), clear_refs 5).</summary>
    private static void ResetPeak()
    {
        if (OperatingSystem.IsLinux())
        {
            File.WriteAllText("/proc/self/clear_refs", "5");
        }
    }

    private static long StatusBytes(string field)
    {
        if (!OperatingSystem.IsLinux())
        {
            return 0;
        }

        string line = File.ReadLines("/proc/self/status").First(text => text.StartsWith(field, StringComparison.Ordinal));
        string digits = new([.. line.Where(char.IsAsciiDigit)]);
        return long.Parse(digits, CultureInfo.InvariantCulture) * 1024;
    }
}
