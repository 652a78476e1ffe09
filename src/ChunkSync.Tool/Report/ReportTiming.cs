namespace ChunkSync.Tool;

/// <summary>How long pages take: a tenth of them is not slower than the first number, two tenths not slower than the second, and so on.</summary>
/// <param name="Pages">The pages that were read.</param>
/// <param name="Milliseconds">All of them.</param>
/// <param name="Deciles">The ten numbers, in milliseconds; the last one is the slowest page.</param>
internal sealed record ReportTiming(long Pages, double Milliseconds, IReadOnlyList<double> Deciles)
{
    private const int Count = 10;

    /// <summary>Of pages' milliseconds.</summary>
    public static ReportTiming Of(List<double> pages)
    {
        pages.Sort();
        return new ReportTiming(pages.Count, Math.Round(pages.Sum(), 3), pages.Count == 0
            ? []
            : [.. Enumerable.Range(1, Count).Select(i => Math.Round(pages[Math.Max(0, (((i * pages.Count) + Count - 1) / Count) - 1)], 3))]);
    }
}
