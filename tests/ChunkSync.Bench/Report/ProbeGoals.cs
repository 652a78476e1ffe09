using System.Globalization;
using System.Text;
using ChunkSync.Bench.Shapes;
using ChunkSync.Bench.Worker;

namespace ChunkSync.Bench.Report;

/// <summary>The goals of probes over stored chunks. What is held against checksum, LZ4 and walk is measured in one process, under the JIT, as
/// those are; everything else on the built library.</summary>
internal static class ProbeGoals
{
    private const string Shape = ShapeCatalog.Probe;

    /// <summary>Appends their rows to the table.</summary>
    public static void Write(StringBuilder text, ResultSet set)
    {
        double? Ours(string variant) => set.Time(Shape, "probe", Runner.Ours, variant);
        double? Managed(string variant) => set.Time(Shape, "probe", Runner.Managed, variant);
        double? Part(string part) => set.Time(Shape, "part", Runner.Managed, part);
        double? floor = Part("checksum") + Part("decode") + Part("walk");
        double? rows = Ours("rows");
        Row(text, "1 % of entities, spread, no index / all rows", "≤ 0.12", Ours("spread") / rows, "0.000");
        Row(text, "its floor (checksum + LZ4 + walk) / all rows", "", floor / rows, "0.000");
        Row(text, "1 % of entities, spread / (checksum + LZ4 + walk)", "≤ 1.2", Managed("spread") / floor);
        Row(text, "the same / (reading the BLOBs + checksum + LZ4 + walk)", "", Managed("spread") / (floor + Ours("blobs")));
        Row(text, "1 % of entities, together, level 2 / all rows", "≤ 0.02", Ours("together") / rows, "0.0000");
        Row(text, "one entity, level 2 / all rows", "", Ours("one entity") / rows, "0.0000");
        Row(text, "all but one entity, level 2 / reading the BLOBs", "", Ours("one entity, inverted") / Ours("blobs"));
        Row(text, "all chunks by an open range, index of level 1 / reading the BLOBs", "≤ 1.5", Ours("open range, level 1") / Ours("blobs"));
        Row(text, "the same, index of level 2", "", Ours("open range, level 2") / Ours("blobs"));
        Row(text, "the same without an index (opened and walked)", "", Ours("open range") / Ours("blobs"));
        Row(text, "all chunks by ('all'), no index / reading the BLOBs", "", Ours("everything") / Ours("blobs"));
        double? copied = floor + Part("copy");
        Row(text, "all positions as points / (checksum + LZ4 + walk + copy)", "≤ 1.15", Ours("points") / copied);
        Row(text, "the same, less reading the set of 240,000 points", "", (Ours("points") - Ours("points, no chunk")) / copied);
        Row(text, "index of level 1 / (checksum + LZ4 + 2 walks)", "≤ 1", Managed("index 1") / (floor + Part("walk")));
        Each(text, set, Part);
        Counts(text, set);
    }

    /// <summary>Times of one row or one chunk.</summary>
    private static void Each(StringBuilder text, ResultSet set, Func<string, double?> part)
    {
        if (set.Median(Shape, "probe", Runner.Ours, "rows") is not Measurement rows || set.Median(Shape, "stage", Runner.Ours, "", ShapeCatalog.SmallChunk) is not Measurement stage)
        {
            return;
        }

        Row(text, "walking a row, ns", "≤ 25", 1e6 * part("walk") / rows.Rows);
        Row(text, "checksum, ns a row", "", 1e6 * part("checksum") / rows.Rows);
        Row(text, "LZ4, ns a row", "", 1e6 * part("decode") / rows.Rows);
        Row(text, "cloudsync_payload_rows, nine columns, µs a row", "≤ 0.8", 1e3 * rows.Milliseconds / rows.Rows);
        double? shortChunk = 1e3 * set.Time(Shape, "probe", Runner.Ours, "skip short") / 20_000;
        double? longChunk = 1e3 * set.Time(Shape, "probe", Runner.Ours, "skip long") / (10 * stage.Rows);
        string lengths = string.Create(CultureInfo.InvariantCulture, $"skipping a chunk of {stage.Bytes / Math.Max(1, stage.Rows):N0} bytes, µs");
        Row(text, "skipping a chunk of two rows, µs", "≤ 10", shortChunk);
        Row(text, lengths, "≤ 10", longChunk);
        Row(text, "late page / early page of 100,000 chunks", "≤ 1.10",
            set.Time(Shape, "probe", Runner.Ours, "late page") / set.Time(Shape, "probe", Runner.Ours, "early page"));
        double entities = (double)rows.Rows / ProbeOperations.ChangesPerEntity;
        double? level1 = (double?)set.Median(Shape, "probe", Runner.Ours, "index 1")?.Bytes;
        double? level2 = (double?)set.Median(Shape, "probe", Runner.Ours, "index 2")?.Bytes;
        Row(text, "index of level 1, bytes a chunk", "≤ 160", level1 / stage.Rows);
        Row(text, "index of level 2, more bytes an entity", "≤ 5", (level2 - level1) / entities);
    }

    private static void Counts(StringBuilder text, ResultSet set)
    {
        foreach ((string variant, string what, string goal) in ((string, string, string)[])
        [
            ("position", "one position in 100,000 chunks with promised order: chunks looked at", "≤ 60"),
            ("together", "1 % of entities, together: chunks opened", ""),
            ("one entity", "one entity: chunks opened", "1"),
            ("open range, level 1", "an open range: chunks opened", "0"),
        ])
        {
            Row(text, what, goal, set.Median(Shape, "probe", Runner.Ours, variant)?.Chunks, "0");
        }

        foreach (string variant in (string[])["small pages", "million probes"])
        {
            if (set.Median(Shape, "probe", Runner.Ours, variant) is Measurement run)
            {
                // One stored and one expanded chunk of at most 256 KiB, two pages of 256 KiB, 1 MiB, and the set.
                long probes = variant == "million probes" ? 1_000_000 : 30_000;
                double bound = (4 * 262_144) + (1 << 20) + (40 * probes) + run.SetBytes;
                string goal = string.Create(CultureInfo.InvariantCulture, $"≤ {bound / 1048576:0.0}");
                Row(text, $"memory above an idle connection, {probes:N0} probes, pages of 256 KiB, MiB", goal, run.SqliteBytes / 1048576.0);
            }
        }

        foreach (string variant in (string[])["spread", "walk all"])
        {
            Measurement? run = set.Median(Shape, "probe", Runner.Managed, variant);
            Row(text, $"managed bytes, {variant}, a row that is walked", "0", (double?)run?.ManagedBytes / 240_000, "0.000");
        }
    }

    private static void Row(StringBuilder text, string measure, string goal, double? value, string format = "0.00")
    {
        if (value is double number)
        {
            text.Append(CultureInfo.InvariantCulture, $"| {measure} | {Shape} | {goal} | {number.ToString(format, CultureInfo.InvariantCulture)} |\n");
        }
    }
}
