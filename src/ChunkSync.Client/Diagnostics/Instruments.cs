using System.Diagnostics;
using System.Diagnostics.Metrics;
using ChunkSync.Format;

namespace ChunkSync.Client;

/// <summary>The activities and meters, all named <c>ChunkSync</c>. No tag holds a key, a value or a path.</summary>
internal static class Instruments
{
    public const string Name = "ChunkSync";

    private static readonly Meter Meter = new(Name, ProductInfo.Version);

    private static readonly Counter<long> ReadBytes = Meter.CreateCounter<long>("chunksync.read.bytes", "By", "Payload bytes that were read.");
    private static readonly Counter<long> ReadChunks = Meter.CreateCounter<long>("chunksync.read.chunks", "{chunk}", "Chunks that were read.");
    private static readonly Counter<long> ReadRows = Meter.CreateCounter<long>("chunksync.read.rows", "{change}", "Changes in chunks that were read.");
    private static readonly Counter<long> ApplyBytes = Meter.CreateCounter<long>("chunksync.apply.bytes", "By", "Payload bytes that were applied.");
    private static readonly Counter<long> ApplyRows = Meter.CreateCounter<long>("chunksync.apply.rows", "{change}", "Changes in payloads that were applied.");

    public static ActivitySource Source { get; } = new(Name, ProductInfo.Version);

    public static Histogram<double> PageDuration { get; } =
        Meter.CreateHistogram<double>("chunksync.page.duration", "s", "The time that one chunk took to read.");

    public static Histogram<double> ApplyDuration { get; } =
        Meter.CreateHistogram<double>("chunksync.apply.duration", "s", "The time that one payload took to apply.");

    public static Gauge<long> ReceiveGaps { get; } =
        Meter.CreateGauge<long>("chunksync.receive.gaps", "{gap}", "Holes in what was received, when they were looked at last.");

    /// <summary>Notes a page.</summary>
    /// <param name="activity">Its activity; null where nobody listens.</param>
    /// <param name="started">When it began; 0 where nobody measures.</param>
    /// <param name="page">What it holds.</param>
    /// <param name="bytes">The payload's length.</param>
    public static void PageRead(Activity? activity, long started, in PageNumbers page, long bytes)
    {
        ReadChunks.Add(1);
        ReadRows.Add(page.Rows);
        ReadBytes.Add(bytes);
        Record(PageDuration, started);
        if (activity != null)
        {
            Tag(activity, page.Rows, bytes);
            activity.SetTag("chunksync.is_final", page.IsFinal);
        }
    }

    /// <summary>Notes a payload that was applied or received.</summary>
    /// <param name="activity">Its activity; null where nobody listens.</param>
    /// <param name="started">When it began; 0 where nobody measures.</param>
    /// <param name="rows">The changes in it.</param>
    /// <param name="bytes">Its length.</param>
    public static void Applied(Activity? activity, long started, long rows, long bytes)
    {
        ApplyRows.Add(rows);
        ApplyBytes.Add(bytes);
        Record(ApplyDuration, started);
        if (activity != null)
        {
            Tag(activity, rows, bytes);
        }
    }

    /// <summary>The tags of all activities.</summary>
    public static void Tag(Activity activity, long rows, long bytes)
    {
        activity.SetTag("db.system", "sqlite");
        activity.SetTag("chunksync.rows", rows);
        activity.SetTag("chunksync.bytes", bytes);
    }

    /// <summary>Notes a failure: its kind, not its text, which may name a key.</summary>
    public static void Failed(Activity? activity, ChunkSyncException failure)
    {
        if (activity != null)
        {
            activity.SetTag("db.system", "sqlite");
            activity.SetTag("error.type", failure.Kind.ToString());
            activity.SetStatus(ActivityStatusCode.Error);
        }
    }

    private static void Record(Histogram<double> histogram, long started)
    {
        if (started != 0)
        {
            histogram.Record(Stopwatch.GetElapsedTime(started).TotalSeconds);
        }
    }
}
