using ChunkSync.Bench.Worker;

namespace ChunkSync.Bench.Report;

/// <summary>Looks up medians and makes ratios of them.</summary>
internal sealed class ResultSet(IReadOnlyList<Series> all)
{
    /// <summary>The keys of the measured shapes, in order.</summary>
    public IEnumerable<string> Shapes => all.Select(series => series.Shape).Where(shape => shape != "-").Distinct();

    /// <summary>The chunk sizes with which a shape was read.</summary>
    public IEnumerable<long> ChunkSizes(string shape) =>
        all.Where(series => series.Shape == shape && series.Operation == "scan").Select(series => series.ChunkSize).Distinct();

    /// <summary>All series of an operation on a shape.</summary>
    public IEnumerable<Series> Of(string shape, string operation) =>
        all.Where(series => series.Shape == shape && series.Operation == operation);

    /// <summary>The series, or null when it was not measured.</summary>
    public Series? Find(string shape, string operation, string engine, string variant = "", long chunk = 0) => all.FirstOrDefault(series =>
        series.Shape == shape && series.Operation == operation && series.Engine == engine && series.Variant == variant
        && series.ChunkSize == chunk);

    /// <summary>The median run, or null when there is none.</summary>
    public Measurement? Median(string shape, string operation, string engine, string variant = "", long chunk = 0) =>
        Find(shape, operation, engine, variant, chunk) is { HasResult: true } series ? series.Median : null;

    /// <summary>The median cost in milliseconds, or null.</summary>
    public double? Time(string shape, string operation, string engine, string variant = "", long chunk = 0) =>
        Median(shape, operation, engine, variant, chunk)?.Cost;

    /// <summary>What a scan cannot take less than: the visit and the compression; null when one is missing.</summary>
    public double? ScanFloor(string shape, long chunk) =>
        Time(shape, "visit", Runner.Floor, "", chunk) + Time(shape, "lz4", Runner.Floor, "", chunk);

    /// <summary>Median page time of the last tenth of a drain's pages against the first tenth; null below 20 pages. The very first
    /// page prepares and the very last one is short: both are left out.</summary>
    public static double? Deciles(Measurement? drain)
    {
        if (drain == null || drain.Pages.Length < 22)
        {
            return null;
        }

        double[] pages = drain.Pages[1..^1];
        int tenth = pages.Length / 10;
        return Middle(pages[^tenth..]) / Middle(pages[..tenth]);
    }

    private static double Middle(double[] values)
    {
        Array.Sort(values);
        return (values[values.Length / 2] + values[(values.Length - 1) / 2]) / 2;
    }
}
