using System.ComponentModel;
using System.Diagnostics;
using System.Globalization;
using System.Text;
using ChunkSync.Bench.Shapes;
using ChunkSync.Bench.Worker;
using Spectre.Console;

namespace ChunkSync.Bench.Report;

/// <summary>Plots as SVG, drawn by gnuplot from scripts that stay beside them.</summary>
internal static class Plots
{
    private const string Head = """
        set terminal svg size 820,420 font 'sans-serif,12' background '#ffffff'
        set grid ytics lc rgb '#dddddd'
        set border 3
        set tics nomirror
        set key outside top center horizontal

        """;

    public static void Write(string folder, ResultSet set)
    {
        foreach (string shape in set.Shapes)
        {
            Latency(folder, set, shape);
        }

        Growth(folder, set);
        Backfill(folder, set);
        TreePlots.Write(set, (name, script) => Draw(folder, name, script));
        Bars(folder, set, "scan", "Full scan, milliseconds", shape =>
        [
            set.Time(shape, "scan", Runner.Ours, "", ShapeCatalog.DefaultChunk),
            set.Time(shape, "scan", Runner.Peer, "", ShapeCatalog.DefaultChunk),
            set.ScanFloor(shape, ShapeCatalog.DefaultChunk),
        ]);
        Bars(folder, set, "apply", "Apply in order, milliseconds", shape =>
        [
            set.Time(shape, "apply", Runner.Ours, "in order", ShapeCatalog.DefaultChunk),
            set.Time(shape, "apply", Runner.Peer, "in order", ShapeCatalog.DefaultChunk),
            set.Time(shape, "upsert", Runner.Floor),
        ]);
        Bars(folder, set, "capture", "Insert with capture, milliseconds", shape =>
        [
            set.Time(shape, "fill", Runner.Ours, "capture"),
            set.Time(shape, "fill", Runner.Peer, "capture"),
            set.Time(shape, "fill", Runner.Floor, "plain"),
        ]);
    }

    private static void Latency(string folder, ResultSet set, string shape)
    {
        StringBuilder data = new();
        List<string> curves = [];
        foreach (string engine in (string[])[Runner.Ours, Runner.Peer])
        {
            double[] pages = set.Median(shape, "drain", engine, "", ShapeCatalog.SmallChunk)?.Pages ?? [];
            if (pages.Length > 10)
            {
                data.Append(CultureInfo.InvariantCulture, $"${engine} << E\n");
                for (int i = 0; i < pages.Length; i++)
                {
                    data.Append(CultureInfo.InvariantCulture, $"{100.0 * i / pages.Length:0.##} {pages[i]:0.####}\n");
                }

                data.Append("E\n");
                curves.Add($"${engine} using 1:2 with lines lw 2 title '{engine}'");
            }
        }

        if (curves.Count > 0)
        {
            Draw(folder, "latency-" + shape, data + "set logscale y\nset xlabel 'position of the page in the window, %'\n"
                + $"set ylabel 'ms per page'\nset title 'Shape {shape}: one 256 KiB page per query'\nplot " + string.Join(", ", curves));
        }
    }

    private static void Backfill(string folder, ResultSet set)
    {
        const long Rows = 1_000_000;
        string zipf = BackfillBench.Name(BackfillCase.All[2], 100);
        double[] ours = set.Median(ShapeCatalog.Backfill, "plan", Runner.Ours, zipf, Rows)?.Pages ?? [];
        double[] width = set.Median(ShapeCatalog.Backfill, "floor", Runner.Floor, zipf, Rows)?.Pages ?? [];
        if (ours.Length > 0 && width.Length > 0)
        {
            Draw(folder, "chunks", Points("ours", ours) + Points("width", width) + "set logscale y\nset yrange [0.5:*]\nset xlabel 'chunk'\nset ylabel 'rows'\n"
                + "set title '1,000,000 rows, keys as Zipf has them, 100 chunks'\n"
                + "plot $width using 1:($2 + 0.5) with impulses lw 3 title 'equal width', $ours using 1:2 with lines lw 2 title 'chunksync'");
        }

        double[] slices = set.Median(ShapeCatalog.Backfill, "bf-fill", Runner.Ours, "slices", Rows)?.Pages ?? [];
        if (slices.Length > 1)
        {
            Draw(folder, "slices", Points("slices", slices[1..]) + "set yrange [0:*]\nset xlabel 'slice of 1,000 rows'\nset ylabel 'ms of processor time'\n"
                + "set title 'Filling 1,000,000 rows in slices'\nplot $slices using 1:2 with dots lw 3 notitle");
        }
    }

    private static string Points(string name, double[] values) =>
        $"${name} << E\n" + string.Concat(values.Select((value, i) => string.Create(CultureInfo.InvariantCulture, $"{i} {value:0.###}\n"))) + "E\n";

    private static void Growth(string folder, ResultSet set)
    {
        string[] shapes = [.. ((string[])["a", "a2", "a4"]).Where(shape => set.Time(shape, "drain", Runner.Ours, "", ShapeCatalog.SmallChunk) != null)];
        if (shapes.Length < 2)
        {
            return;
        }

        StringBuilder data = new();
        List<string> curves = [];
        foreach (string engine in (string[])[Runner.Ours, Runner.Peer])
        {
            foreach (string operation in (string[])["scan", "drain"])
            {
                string name = $"{engine}_{operation}";
                data.Append(CultureInfo.InvariantCulture, $"${name} << E\n");
                int points = 0;
                foreach (string shape in shapes)
                {
                    if (set.Time(shape, operation, engine, "", ShapeCatalog.SmallChunk) is double time)
                    {
                        data.Append(CultureInfo.InvariantCulture, $"{ShapeCatalog.Find(shape).Rows} {time:0.###}\n");
                        points++;
                    }
                }

                data.Append("E\n");
                if (points > 1)
                {
                    curves.Add($"${name} using 1:2 with linespoints lw 2 title '{engine}, {operation}'");
                }
            }
        }

        Draw(folder, "growth", data + "set logscale xy\nset xlabel 'rows in one transaction'\nset ylabel 'ms'\n"
            + "set title 'Cost of reading a window of N, 2N, 4N rows'\nplot " + string.Join(", ", curves));
    }

    private static void Bars(string folder, ResultSet set, string name, string title, Func<string, double?[]> values)
    {
        StringBuilder data = new("$data << E\n");
        int rows = 0;
        bool hasPeer = false;
        foreach (string shape in set.Shapes)
        {
            double?[] bars = values(shape);
            if (bars[0] == null)
            {
                continue;
            }

            hasPeer |= bars[1] != null;
            data.Append(shape).Append(string.Concat(bars.Select(bar =>
                " " + (bar?.ToString("0.###", CultureInfo.InvariantCulture) ?? "?")))).Append('\n');
            rows++;
        }

        if (rows > 0)
        {
            string peer = hasPeer ? $", '' using 3 title '{Runner.Peer}'" : "";
            Draw(folder, name, data + "E\nset datafile missing '?'\nset style data histograms\nset style histogram clustered gap 1\n"
                + $"set style fill solid 0.8 border -1\nset logscale y\nset ylabel 'ms'\nset title '{title}'\n"
                + $"plot $data using 2:xtic(1) title '{Runner.Ours}'{peer}, '' using 4 title '{Runner.Floor}'");
        }
    }

    private static void Draw(string folder, string name, string script)
    {
        string file = Path.Combine(folder, name + ".gnuplot");
        File.WriteAllText(file, $"{Head}set output '{name}.svg'\n{script}\n");
        try
        {
            using Process gnuplot = Process.Start(new ProcessStartInfo("gnuplot", [name + ".gnuplot"]) { WorkingDirectory = folder })!;
            gnuplot.WaitForExit();
        }
        catch (Win32Exception)
        {
            AnsiConsole.MarkupLineInterpolated($"[yellow]gnuplot is missing: {file} was written, but not drawn[/]");
        }
    }
}
