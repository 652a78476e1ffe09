using System.Globalization;
using System.Text;
using ChunkSync.Bench.Shapes;
using ChunkSync.Bench.Worker;

namespace ChunkSync.Bench.Report;

/// <summary>The goals of changes that wait, each beside a floor of the same run. Times are processor times.</summary>
internal static class WaitingGoals
{
    private const string Shape = ShapeCatalog.Waiting;

    /// <summary>Appends their rows to the table.</summary>
    public static void Write(StringBuilder text, ResultSet set)
    {
        Measurement? Of(string variant) => set.Median(Shape, "waiting", Runner.Ours, variant);
        Both(text, "storing 10,000 rows refused by UNIQUE / apply of as many", "≤ 1.5", Of("store"), Of("apply"));
        Both(text, "storing 10,000 rows refused by CHECK / apply of as many", "≤ 1.5", Of("store, CHECK"), Of("apply, CHECK"));
        Both(text, "cloudsync_waiting_retry, none of 10,000 lands / apply", "≤ 2.0", Of("retry, none lands"), Of("apply"));
        Both(text, "cloudsync_waiting_retry, all of 10,000 land / apply", "≤ 2.5", Of("retry, all land"), Of("apply"));
        foreach (string variant in (string[])["chain, in order", "chain, reversed", "swaps", "one circle"])
        {
            if (Of(variant) is Measurement run)
            {
                string parked = variant == "swaps" ? "5,000" : variant == "one circle" ? "1" : "0";
                Row(text, $"{variant} of 10,000 values: writes a row", "≤ 3.1", (double)run.Rows / WaitingOperations.Rows);
                Row(text, $"{variant}: rows that were parked", parked, run.Chunks, "0");
                Both(text, $"{variant} / as many values that do not collide", "", run, Of("values"));
            }
        }

        Both(text, "apply of 10,000 rows beside 10,000 others that wait / beside none", "≤ 1.10", Of("beside 10,000"), Of("beside none"));
        Both(text, "every change beats a local value: conflict log / without", "≤ 1.25", Of("conflicts, log"), Of("conflicts, nothing kept"));
        Both(text, "the same: cloudsync_applied / without", "≤ 1.01", Of("conflicts, applied"), Of("conflicts, nothing kept"));
        foreach ((string call, string goal) in ((string, string)[])[("check", "≤ 10"), ("status", "≤ 1"), ("new_site", "≤ 5")])
        {
            Row(text, $"cloudsync_{call}, 50 tables, 1,000,000 clocks, ms", goal, Of(call)?.Pages[1]);
            Row(text, $"the same, the first call of a connection, ms", "", Of(call)?.Pages[0]);
        }
    }

    private static void Both(StringBuilder text, string measure, string goal, Measurement? run, Measurement? floor)
    {
        Row(text, measure + ", time", goal, run?.Milliseconds / floor?.Milliseconds);
        Row(text, measure + ", VM steps", "", (double?)run?.VmSteps / floor?.VmSteps);
    }

    private static void Row(StringBuilder text, string measure, string goal, double? value, string format = "0.00")
    {
        if (value is double number)
        {
            text.Append(CultureInfo.InvariantCulture, $"| {measure} | {Shape} | {goal} | {number.ToString(format, CultureInfo.InvariantCulture)} |\n");
        }
    }
}
