using System.Globalization;
using System.Text;
using ChunkSync.Bench.Shapes;
using ChunkSync.Bench.Worker;

namespace ChunkSync.Bench.Report;

/// <summary>The goals of tables that are trees, each beside a floor of the same run. Times are processor times.</summary>
internal static class TreeGoals
{
    private const string Shape = ShapeCatalog.Tree;
    private const long Middle = 50_000;
    private const long Longest = 1_000_000;

    /// <summary>Appends their rows to the table.</summary>
    public static void Write(StringBuilder text, ResultSet set)
    {
        Measurement? Of(string variant, long length) => set.Median(Shape, "tree", Runner.Ours, variant, length);
        Row(text, "depth of the trees, on average", "", TreeOperations.Lengths.Select(length => Of("stage", length)?.Pages[0]), "0");
        Row(text, "depth of the trees, at most", "", TreeOperations.Lengths.Select(length => Of("stage", length)?.Pages[1]), "0");
        foreach (long by in TreeOperations.Late)
        {
            long[] lengths = [.. TreeOperations.Lengths.Where(length => Of("late|" + by, length) != null && length < Longest)];
            Row(text, $"a folder operation late by {by:N0}: VM steps by length of the log", by is 1 or 100 or 10_000 ? "equal within 10 %" : "",
                lengths.Select(length => (double?)Of("late|" + by, length)!.VmSteps), "#,0");
            Row(text, $"the same: log rows scanned", by.ToString("N0", CultureInfo.InvariantCulture), lengths.Select(length => (double?)Of("late|" + by, length)!.Chunks), "#,0");
            Row(text, $"the same: rows written", "≤ 6", lengths.Select(length => (double?)Of("late|" + by, length)!.Rows), "0");
            foreach (string lane in (string[])["leaf", "reorder"])
            {
                Row(text, $"a {(lane == "leaf" ? "leaf" : "reorder")} late by {by:N0}: VM steps / in order", "≤ 2",
                    lengths.Select(length => (double?)Of($"{lane}|{by}", length)?.VmSteps / Of("leaf in order|0", length)?.VmSteps));
                Row(text, "the same: log rows scanned", "0", lengths.Select(length => (double?)Of($"{lane}|{by}", length)?.Chunks), "#,0");
            }
        }

        long[] shorter = [.. TreeOperations.Lengths.Where(length => length < Longest && Of("pairs|0", length) != null)];
        Row(text, "1,000 operations late by up to 10,000 in one payload: log rows scanned", "10,000", shorter.Where(length => length > 10_000).Select(length => (double?)Of("batch|10000", length)?.Chunks), "#,0");
        Row(text, "the same: rows written per operation", "", shorter.Where(length => length > 10_000).Select(length => (double?)Of("batch|10000", length)?.Rows / TreeOperations.Batch));
        Row(text, "late by 1 / in order, single payloads, time", "≤ 1.5", shorter.Select(length => Of("pairs|0", length)?.Pages[1] / Of("pairs|0", length)?.Pages[0]));
        Row(text, "µs per suffix row, from k = 10,000 to 100,000", "≤ 2", [1e3 * (Of("late|100000", 500_000)?.Milliseconds - Of("late|10000", 500_000)?.Milliseconds) / 90_000]);
        Row(text, "one operation late by 1,000,000, s", "≤ 2.5", [Of("late|1000000", Longest)?.Milliseconds / 1000]);
        Row(text, "apply of 10,000 operations in order / into a table that is no tree, time", "≤ 3.5", [Of("together|0", Middle)?.Milliseconds / Of("together plain|0", Middle)?.Milliseconds]);
        Row(text, "the same, VM steps", "", [(double?)Of("together|0", Middle)?.VmSteps / Of("together plain|0", Middle)?.VmSteps]);
        Row(text, "a local move / the same UPDATE without a tree, time, by length of the log", "≤ 3.0", shorter.Select(length => Of("local|0", length)?.Milliseconds / Of("local plain|0", length)?.Milliseconds));
        Row(text, "the same, VM steps", "", shorter.Select(length => (double?)Of("local|0", length)?.VmSteps / Of("local plain|0", length)?.VmSteps));
        Row(text, "a local move, µs", "flat", shorter.Select(length => 1e3 * Of("local|0", length)?.Milliseconds / TreeOperations.Moves));
        if (Of("size|0", Middle)?.Pages is double[] size)
        {
            Row(text, "bytes of an operation: carrier, nodes, log; together", "≤ 200", [size[0], size[1], size[2], size[0] + size[1] + size[2]], "0");
            Row(text, "bytes of an operation in payloads", "≤ 40", [size[3]], "0.0");
        }

        Row(text, "memory of one operation late by 1,000,000 over 100,000 nodes, MiB: SQLite, resident", "≤ 64",
            [Of("late|1000000", Longest)?.SqliteBytes / 1048576.0, Of("late|1000000", Longest)?.RssBytes / 1048576.0], "0.0");
        Measurement? managed = set.Median(Shape, "tree", Runner.Managed, "late|1000000", Longest);
        Measurement? first = set.Median(Shape, "tree", Runner.Managed, "late|1", Longest);
        Row(text, "managed bytes per suffix row", "0", [(double?)(managed?.ManagedBytes - first?.ManagedBytes) / Longest], "0.000");
    }

    private static void Row(StringBuilder text, string measure, string goal, IEnumerable<double?> values, string format = "0.00")
    {
        string joined = string.Join("; ", values.Where(value => value != null).Select(value => value!.Value.ToString(format, CultureInfo.InvariantCulture)));
        if (joined.Length > 0)
        {
            text.Append(CultureInfo.InvariantCulture, $"| {measure} | {Shape} | {goal} | {joined} |\n");
        }
    }
}
