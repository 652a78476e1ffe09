using System.Globalization;
using System.Text;
using ChunkSync.Bench.Shapes;
using ChunkSync.Bench.Worker;

namespace ChunkSync.Bench.Report;

/// <summary>One table per shape with every operation of every engine.</summary>
internal static class ShapeTables
{
    public static string Markdown(Options options, ResultSet set)
    {
        StringBuilder text = new();
        foreach (Shape shape in options.Shapes.Where(shape => set.Shapes.Contains(shape.Key)))
        {
            text.Append(CultureInfo.InvariantCulture, $"## {shape.Key}: {shape.Title}\n\n");
            text.Append("| operation | engine | median ms | spread | rows | bytes | VM steps | pages read | SQLite peak | resident peak |\n");
            text.Append("| --- | --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: |\n");
            foreach (string operation in (string[])["fill", "scan", "drain", "visit", "lz4", "apply", "upsert", "compress", "decompress", "stage", "probe", "part", "plan", "floor", "first", "rest", "bf-fill", "client"])
            {
                foreach (Series series in set.Of(shape.Key, operation).Where(series => series.Engine != Runner.Managed))
                {
                    Row(text, series);
                }
            }

            text.Append('\n');
        }

        return text.ToString();
    }

    private static void Row(StringBuilder text, Series series)
    {
        string name = $"{series.Operation} {series.Variant} {(series.Shape == ShapeCatalog.Backfill ? $"{series.ChunkSize:N0} rows" : series.ChunkSize > 0 ? $"{series.ChunkSize / 1024} KiB" : "")}";
        if (!series.HasResult)
        {
            text.Append(CultureInfo.InvariantCulture, $"| {name} | {series.Engine} | {series.Failure} | | | | | | | |\n");
            return;
        }

        Measurement run = series.Median;
        text.Append(CultureInfo.InvariantCulture, $"| {name} | {series.Engine} | {run.Cost:N1} | {series.Spread:P0} | {run.Rows:N0} | {run.Bytes:N0}"
            + $" | {run.VmSteps:N0} | {run.PagesRead:N0} | {run.SqliteBytes / 1024:N0} KiB | {run.RssBytes / 1024:N0} KiB |\n");
    }
}
