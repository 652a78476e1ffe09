using System.Globalization;
using System.Text;
using ChunkSync.Bench.Shapes;
using ChunkSync.Bench.Worker;

namespace ChunkSync.Bench.Report;

/// <summary>The goals of ChunkSync.Client, each beside bare SQL through the same provider in the same run. Times are processor times.</summary>
internal static class ClientGoals
{
    private const string Key = ShapeCatalog.Client;

    /// <summary>Appends their rows to the table.</summary>
    public static void Write(StringBuilder text, ResultSet set)
    {
        foreach (string history in VariantBench.ClientHistories)
        {
            foreach (long chunk in VariantBench.ClientChunks)
            {
                Measurement? Of(string variant) => set.Median(Key, "client", Runner.Client, VariantBench.NameOf(history, variant), chunk);
                string with = string.Create(CultureInfo.InvariantCulture, $"{history}, {chunk / 1024:N0} KiB chunks");
                Compare(text, "ReadAsync to Stream.Null / in bare SQL", with, "≤ 1.10", Of("read"), Of("bare read"));
                Compare(text, "the same with a listener of the Meter / without", with, "≤ 1.02", Of("metered read"), Of("read"), hasHeap: false);
                Ratio(text, "PlanAsync / full scan in bare SQL", with, "≤ 0.5", Of("plan")?.Milliseconds / Of("bare scan")?.Milliseconds);
                Compare(text, "ApplyAllAsync / in bare SQL", with, "≤ 1.05", Of("apply"), Of("bare apply"));
            }
        }
    }

    private static void Compare(StringBuilder text, string measure, string with, string goal, Measurement? run, Measurement? bare, bool hasHeap = true)
    {
        if (run == null || bare == null)
        {
            return;
        }

        Ratio(text, measure, with, goal, run.Milliseconds / bare.Milliseconds);
        if (hasHeap)
        {
            long bytes = Math.Max(0, run.ManagedBytes - bare.ManagedBytes);
            Row(text, "the same: database pages read", with, "equal", string.Create(CultureInfo.InvariantCulture, $"{run.PagesRead:N0} and {bare.PagesRead:N0}"));
            Row(text, "the same: managed bytes more, a chunk", with, "< 1,024", ((double)bytes / run.Chunks).ToString("N0", CultureInfo.InvariantCulture));
        }
    }

    private static void Ratio(StringBuilder text, string measure, string with, string goal, double? value)
    {
        if (value is double number)
        {
            Row(text, measure, with, goal, number.ToString("0.00", CultureInfo.InvariantCulture));
        }
    }

    private static void Row(StringBuilder text, string measure, string with, string goal, string value) =>
        text.Append(CultureInfo.InvariantCulture, $"| {measure} | {Key}, {with} | {goal} | {value} |\n");
}
