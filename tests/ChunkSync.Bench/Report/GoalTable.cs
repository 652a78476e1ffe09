using System.Globalization;
using System.Text;
using ChunkSync.Bench.Shapes;
using ChunkSync.Bench.Worker;

namespace ChunkSync.Bench.Report;

/// <summary>The ratios that the project has goals for.</summary>
internal static class GoalTable
{
    private const long Default = ShapeCatalog.DefaultChunk;
    private const long Small = ShapeCatalog.SmallChunk;

    /// <summary>The table, as Markdown.</summary>
    public static string Markdown(ResultSet set)
    {
        StringBuilder text = new("| measure | shape | goal | measured |\n| --- | --- | --- | --- |\n");
        foreach (string shape in set.Shapes)
        {
            Reading(text, set, shape);
            Writing(text, set, shape);
            Codecs(text, set, shape);
            if (shape == ShapeCatalog.Probe)
            {
                ProbeGoals.Write(text, set);
            }
            else if (shape == ShapeCatalog.Backfill)
            {
                BackfillGoals.Write(text, set);
            }
            else if (shape == ShapeCatalog.Waiting)
            {
                WaitingGoals.Write(text, set);
            }
            else if (shape == ShapeCatalog.Tree)
            {
                TreeGoals.Write(text, set);
            }
            else if (shape == ShapeCatalog.Client)
            {
                ClientGoals.Write(text, set);
            }
        }

        Growth(text, set);
        return text.ToString();
    }

    private static void Reading(StringBuilder text, ResultSet set, string shape)
    {
        bool wide = shape[0] is 'b' or 'c';
        double? scan = set.Time(shape, "scan", Runner.Ours, "", Default);
        Row(text, "full scan: peer / ours", shape, shape[0] == 'd' ? "" : wide ? "≥ 3" : "≥ 15", set.Time(shape, "scan", Runner.Peer, "", Default) / scan);
        Row(text, "full scan / (visit + LZ4)", shape, "≤ 1.5", scan / set.ScanFloor(shape, Default));
        foreach (long chunk in set.ChunkSizes(shape))
        {
            string with = $"{shape}, {chunk / 1024} KiB chunks";
            double? full = set.Time(shape, "scan", Runner.Ours, "", chunk);
            Row(text, "LIMIT 1 drain / full scan, one connection", with, shape[0] == 'd' ? "≤ 1.3" : "≤ 1.10", set.Time(shape, "drain", Runner.Ours, "", chunk) / full);
            Row(text, "LIMIT 1 drain / full scan, a connection per page", with, "", set.Time(shape, "drain", Runner.Ours, "reopen", chunk) / full);
            Row(text, "the same, peer, one connection", with, "", set.Time(shape, "drain", Runner.Peer, "", chunk) / set.Time(shape, "scan", Runner.Peer, "", chunk));
            Row(text, "page latency, last decile / first", with, "≤ 1.10", ResultSet.Deciles(set.Median(shape, "drain", Runner.Ours, "", chunk)));
            Memory(text, set, shape, chunk, with);
        }
    }

    private static void Memory(StringBuilder text, ResultSet set, string shape, long chunk, string with)
    {
        foreach ((string operation, string variant) in ((string, string)[])[("scan", ""), ("drain", "reopen")])
        {
            if (set.Median(shape, operation, Runner.Ours, variant, chunk) is Measurement run)
            {
                string limit = Mebibytes((4 * chunk) + (8 << 20));
                text.Append(CultureInfo.InvariantCulture, $"| SQLite memory of a {operation} | {with} | ≤ {limit} | {Mebibytes(run.SqliteBytes)} (resident {Mebibytes(run.RssBytes)}) |\n");
            }
        }
    }

    private static void Writing(StringBuilder text, ResultSet set, string shape)
    {
        double? capture = set.Time(shape, "fill", Runner.Ours, "capture");
        double? plain = set.Time(shape, "fill", Runner.Floor, "plain");
        Row(text, "insert with capture / plain insert", shape, "≤ 3.0", capture / plain);
        Row(text, "the same, peer", shape, "", set.Time(shape, "fill", Runner.Peer, "capture") / plain);
        Row(text, "the same, a trigger that writes clock rows in SQL", shape, "", set.Time(shape, "fill", Runner.Floor, "clocks") / plain);
        double? apply = set.Time(shape, "apply", Runner.Ours, "in order", Default);
        Row(text, "apply: peer / ours", shape, "≥ 8", set.Time(shape, "apply", Runner.Peer, "in order", Default) / apply);
        Row(text, "apply / bare upserts", shape, "≤ 2.0", apply / set.Time(shape, "upsert", Runner.Floor));
        foreach ((string name, Measurement? run, long rows) in ((string, Measurement?, long)[])
        [
            ("capture", set.Median(shape, "fill", Runner.Managed, "capture"), ShapeCatalog.Find(shape).Rows),
            ("scan", set.Median(shape, "scan", Runner.Managed, "", Default), ShapeCatalog.Find(shape).Rows),
            ("apply", set.Median(shape, "apply", Runner.Managed, "in order", Default), ShapeCatalog.Find(shape).Rows),
        ])
        {
            Row(text, $"managed bytes per row, {name}", shape, "0", run == null ? null : (double)run.ManagedBytes / rows);
        }
    }

    private static void Codecs(StringBuilder text, ResultSet set, string shape)
    {
        foreach (Series series in set.Of(shape, "compress").Concat(set.Of(shape, "decompress")).Where(series => series.Engine == Runner.ManagedCodec))
        {
            Row(text, $"LZ4 {series.Operation}: managed / liblz4", $"{shape}, {series.ChunkSize / 1024} KiB blocks", "",
                set.Time(shape, series.Operation, Runner.ManagedCodec, "", series.ChunkSize)
                / set.Time(shape, series.Operation, Runner.NativeCodec, "", series.ChunkSize));
        }
    }

    private static void Growth(StringBuilder text, ResultSet set)
    {
        foreach ((string operation, long chunk) in ((string, long)[])[("drain", Small), ("scan", Small)])
        {
            Row(text, $"{operation} at 4N / at N", "a, a4", "≤ 4.4",
                set.Time("a4", operation, Runner.Ours, "", chunk) / set.Time("a", operation, Runner.Ours, "", chunk));
        }

        Row(text, "drain of one position with a connection per page, at 4N / at N", $"{ShapeCatalog.OnePosition}, {ShapeCatalog.OnePosition4}", "≤ 4.6",
            set.Time(ShapeCatalog.OnePosition4, "drain", Runner.Ours, "reopen", Small) / set.Time(ShapeCatalog.OnePosition, "drain", Runner.Ours, "reopen", Small));
    }

    private static void Row(StringBuilder text, string measure, string shape, string goal, double? value)
    {
        if (value is double number)
        {
            text.Append(CultureInfo.InvariantCulture, $"| {measure} | {shape} | {goal} | {number:0.00} |\n");
        }
    }

    private static string Mebibytes(long bytes) => string.Create(CultureInfo.InvariantCulture, $"{bytes / 1048576.0:0.0} MiB");
}
