using System.Globalization;
using System.Text;
using ChunkSync.Bench.Shapes;
using ChunkSync.Bench.Worker;

namespace ChunkSync.Bench.Report;

/// <summary>What a late operation costs, and what a move costs, by the length of the log.</summary>
internal static class TreePlots
{
    /// <summary>Draws them where they were measured.</summary>
    public static void Write(ResultSet set, Action<string, string> draw)
    {
        StringBuilder data = new();
        List<string> curves = [];
        foreach (long length in TreeOperations.Lengths)
        {
            List<(long By, double Time)> points = [.. TreeOperations.Late.Append(1_000_000)
                .Select(by => (by, set.Time(ShapeCatalog.Tree, "tree", Runner.Ours, "late|" + by, length) ?? 0)).Where(point => point.Item2 > 0)];
            Add(data, curves, $"late{length}", string.Create(CultureInfo.InvariantCulture, $"log of {length:N0}"), points);
        }

        if (curves.Count > 0)
        {
            draw("tree-late", data + "set logscale xy\nset xlabel 'operations behind the late one'\nset ylabel 'ms'\n"
                + "set title 'Folding in one operation that comes late'\nplot " + string.Join(", ", curves));
        }

        data.Clear();
        curves.Clear();
        foreach ((string variant, string title, double count) in ((string, string, double)[])
            [("local|0", "a local move", TreeOperations.Moves), ("local plain|0", "the same UPDATE without a tree", TreeOperations.Moves), ("in order|0", "a payload with one operation, in order", 1)])
        {
            Add(data, curves, "c" + curves.Count, title, [.. TreeOperations.Lengths
                .Select(length => (length, 1e3 * (set.Time(ShapeCatalog.Tree, "tree", Runner.Ours, variant, length) ?? 0) / count)).Where(point => point.Item2 > 0)]);
        }

        if (curves.Count > 0)
        {
            draw("tree-append", data + "set logscale x\nset yrange [0:*]\nset xlabel 'operations in the log'\nset ylabel 'µs'\n"
                + "set title 'Appending in order'\nplot " + string.Join(", ", curves));
        }
    }

    private static void Add(StringBuilder data, List<string> curves, string name, string title, List<(long X, double Y)> points)
    {
        if (points.Count > 1)
        {
            data.Append(CultureInfo.InvariantCulture, $"${name} << E\n");
            points.ForEach(point => data.Append(CultureInfo.InvariantCulture, $"{point.X} {point.Y:0.####}\n"));
            data.Append("E\n");
            curves.Add($"${name} using 1:2 with linespoints lw 2 title '{title}'");
        }
    }
}
