using System.Globalization;
using System.Text;
using ChunkSync.Bench.Shapes;
using ChunkSync.Bench.Worker;

namespace ChunkSync.Bench.Report;

/// <summary>The goals of plans and of filling in slices. Times are processor times.</summary>
internal static class BackfillGoals
{
    private const string Shape = ShapeCatalog.Backfill;

    /// <summary>Appends their rows to the table; several values are those of 10, 100 and 1,000 chunks.</summary>
    public static void Write(StringBuilder text, ResultSet set)
    {
        foreach (long rows in BackfillBench.Sizes)
        {
            foreach (BackfillCase plan in BackfillCase.All)
            {
                Plan(text, set, rows, plan);
            }
        }

        const long Rows = 1_000_000;
        double? many = set.Median(Shape, "plan", Runner.Ours, BackfillBench.Name(BackfillCase.All[2], BackfillBench.ManyChunks), Rows)?.RssBytes;
        double? few = set.Median(Shape, "plan", Runner.Ours, BackfillBench.Name(BackfillCase.All[2], 10), Rows)?.RssBytes;
        Row(text, "resident memory, 40,000 chunks above 10, MiB", Rows, "≤ 24", Joined([(many - few) / 1048576], "0.0"));
        foreach (long fill in BackfillBench.FillSizes)
        {
            Fill(text, set, fill);
        }
    }

    private static void Plan(StringBuilder text, ResultSet set, long rows, BackfillCase plan)
    {
        List<Measurement> plans = [], floors = [];
        foreach (long chunks in BackfillBench.Chunks)
        {
            string variant = BackfillBench.Name(plan, chunks);
            if (set.Median(Shape, "plan", Runner.Ours, variant, rows) is Measurement run && set.Median(Shape, "floor", Runner.Floor, variant, rows) is Measurement floor)
            {
                plans.Add(run);
                floors.Add(floor);
            }
        }

        if (plans.Count == 0)
        {
            return;
        }

        bool isBytes = plan.Name.StartsWith("bytes", StringComparison.Ordinal);
        bool isRows = plan.Name.StartsWith("rows", StringComparison.Ordinal);
        string steps = isBytes ? "≤ 1.25" : isRows ? "≤ 1.75" : plan.Name is "temporal" or "prefix" ? "≤ 2.45" : "";
        Row(text, plan.Name + ": VM steps / floor", rows, plan.Name == "bytes, even" ? "" : steps, Joined(plans.Zip(floors).Select(pair => (double?)pair.First.VmSteps / pair.Second.VmSteps)));
        Row(text, plan.Name + ": time / floor", rows, isRows ? "≤ 2.0 at 100" : "", Joined(plans.Zip(floors).Select(pair => (double?)(pair.First.Milliseconds / pair.Second.Milliseconds))));
        Row(text, plan.Name + ": entries visited / rows", rows, isRows ? "1" : "", Joined(plans.Select(run => (double?)run.Bytes / rows)));
        string skew = isRows ? "≤ 1 apart" : plan.Name is "temporal" or "prefix" ? "≤ 1.34" : "";
        Row(text, plan.Name + (isRows ? ": rows a chunk, max − min" : ": max / mean of a chunk"), rows, skew,
            Joined(plans.Select(run => (double?)(isRows ? run.Pages.Max() - run.Pages.Min() : run.Pages.Max() / run.Pages.Average())), isRows ? "0" : "0.000"));
        double? whole = set.Time(Shape, "plan", Runner.Ours, BackfillBench.Name(plan, 100), rows);
        Row(text, plan.Name + ": first of 100 chunks; the last two / the plan, time", rows, "≤ 0.05", Joined(
            [set.Time(Shape, "first", Runner.Ours, BackfillBench.Name(plan, 100), rows) / whole, set.Time(Shape, "rest", Runner.Ours, BackfillBench.Name(plan, 100), rows) / whole], "0.000"));
    }

    private static void Fill(StringBuilder text, ResultSet set, long rows)
    {
        if (set.Median(Shape, "bf-fill", Runner.Ours, "init", rows) is Measurement init && set.Median(Shape, "bf-fill", Runner.Ours, "slices", rows) is Measurement slices)
        {
            Row(text, "fill in slices of 1,000 rows / cloudsync_init, time", rows, "≤ 1.6", Joined([slices.Milliseconds / init.Milliseconds]));
            Row(text, "the same, length of the write-ahead log", rows, "≤ 1/3 or 8 MiB", Joined([(double)slices.Bytes / init.Bytes, slices.Bytes / 1048576.0]));
            Row(text, "longest slice / cloudsync_init", rows, rows == 60_000 ? "≤ 0.1" : "≤ 0.01", Joined([slices.Pages.Max() / init.Milliseconds], "0.0000"));
        }
    }

    private static string Joined(IEnumerable<double?> values, string format = "0.00") =>
        string.Join(", ", values.Where(value => value != null).Select(value => value!.Value.ToString(format, CultureInfo.InvariantCulture)));

    private static void Row(StringBuilder text, string measure, long rows, string goal, string values)
    {
        if (values.Length > 0)
        {
            text.Append(CultureInfo.InvariantCulture, $"| {measure} | {rows:N0} rows | {goal} | {values} |\n");
        }
    }
}
