using System.Globalization;
using System.Text;
using ChunkSync.Client;

namespace ChunkSync.Tool;

/// <summary>The figures of a report, each with its table.</summary>
internal static class ReportFigures
{
    private const double Left = 250;
    private const double RowHeight = 22;
    private const double Right = Svg.Width - 110;
    private const string OtherSites = "other sites";
    private const string OtherTables = "other tables";

    /// <summary>Writes all of them.</summary>
    public static void Write(StringBuilder page, ReportResult report)
    {
        Strip(page, report);
        Versions(page, report);
        Writers(page, report);
        Values(page, report);
        Storage(page, report);
        if (report.Timing is ReportTiming timing)
        {
            Timing(page, timing);
        }
    }

    /// <summary>A table; its first column is text.</summary>
    public static void Table(StringBuilder page, string[] columns, IEnumerable<string[]> rows)
    {
        page.Append("<div class=\"wide\"><table>\n<tr>").AppendJoin("", columns.Select(column => $"<th>{Svg.Escape(column)}</th>")).Append("</tr>\n");
        foreach (string[] row in rows)
        {
            page.Append("<tr>").AppendJoin("", row.Select(cell => $"<td>{Svg.Escape(cell)}</td>")).Append("</tr>\n");
        }

        page.Append("</table></div>\n");
    }

    private static void Strip(StringBuilder page, ReportResult report)
    {
        const double Height = 60;
        Svg svg = new("Chunks in the order of the stream; width is bytes, hatched are parts of long values", Height + 24);
        double scale = report.Bytes == 0 ? 0 : Svg.Width / report.Bytes;
        double x = 0;
        foreach (ReportBin bin in report.Strip)
        {
            double width = bin.Bytes * scale;
            svg.Rectangle(x, 0, width, Height, bin.Parts > 0 ? "part" : "bar",
                $"chunk {bin.Name}: versions {bin.Versions}, {TextOutput.Count(bin.Rows, "change")}, {TextOutput.Count(bin.Bytes, "byte")}, from {bin.From} to {bin.Next}"
                + (bin.Parts > 0 ? $", {TextOutput.Count(bin.Parts, "part")} of long values" : ""));
            x += width;
        }

        svg.Text(0, Height + 16, "0");
        svg.Text(Svg.Width, Height + 16, TextOutput.Count(report.Bytes, "byte"), "end");
        Figure(page, "Chunks", "In the order of the stream: width is bytes, hatched are parts of long values.", svg,
            ["chunk", "changes", "versions", "bytes", "parts", "from", "next"], report.Strip.Select(bin => (string[])
            [
                bin.Name, TextOutput.Number(bin.Rows), bin.Versions, TextOutput.Number(bin.Bytes), TextOutput.Number(bin.Parts), bin.From.ToString(), bin.Next.ToString(),
            ]));
    }

    private static void Versions(StringBuilder page, ReportResult report)
    {
        const double Height = 150;
        Svg svg = new("Changes by version", Height + 24);
        long most = report.Versions.Count == 0 ? 1 : report.Versions.Max(bin => bin.Changes);
        (long first, long last) = report.Versions.Count == 0 ? (0, 0) : (report.Versions[0].First, report.Versions[^1].Last);
        double scale = Svg.Width / (last - first + 1.0);
        foreach (ReportVersions bin in report.Versions)
        {
            double height = Height * bin.Changes / most;
            svg.Rectangle((bin.First - first) * scale, Height - height, (bin.Last - bin.First + 1) * scale, height, "bar",
                $"version {bin.Name}: {TextOutput.Count(bin.Changes, "change")}");
        }

        svg.Text(0, Height + 16, TextOutput.Number(first));
        svg.Text(Svg.Width, Height + 16, TextOutput.Number(last), "end");
        Figure(page, "Changes by version", $"The highest bar has {TextOutput.Count(most, "change")}.", svg, ["version", "changes"],
            report.Versions.Select(bin => (string[])[bin.Name, TextOutput.Number(bin.Changes)]));
    }

    private static void Writers(StringBuilder page, ReportResult report)
    {
        // Those that are not listed come last.
        string[] sites = [.. report.Writers.Select(entry => SiteName(entry.SiteId)).Distinct().OrderBy(name => name == OtherSites)];
        string[] tables = [.. report.Writers.Select(entry => entry.Tbl ?? OtherTables).Distinct().OrderBy(name => name == OtherTables)];
        double width = (Svg.Width - Left) / Math.Max(1, tables.Length);
        long most = report.Writers.Count == 0 ? 1 : report.Writers.Max(entry => entry.Changes);
        Dictionary<(string, string), long> cells = report.Writers.ToDictionary(entry => (SiteName(entry.SiteId), entry.Tbl ?? OtherTables), entry => entry.Changes);
        Svg svg = new("Changes by site and table", RowHeight * (sites.Length + 1));
        for (int column = 0; column < tables.Length; column++)
        {
            svg.Text(Left + (width * (column + 0.5)), RowHeight - 8, Printable.Of(tables[column], Math.Max(3, (int)(width / 7))), "middle");
        }

        for (int row = 0; row < sites.Length; row++)
        {
            double y = RowHeight * (row + 1);
            svg.Text(0, y + 15, sites[row]);
            for (int column = 0; column < tables.Length; column++)
            {
                if (cells.GetValueOrDefault((sites[row], tables[column])) is > 0 and long changes)
                {
                    svg.Rectangle(Left + (width * column), y + 1, width - 2, RowHeight - 2, "cell",
                        $"{sites[row]} in {tables[column]}: {TextOutput.Count(changes, "change")}", 0.08 + (0.37 * changes / most));
                    svg.Text(Left + (width * (column + 0.5)), y + 15, TextOutput.Number(changes), "middle");
                }
            }
        }

        Figure(page, "Who wrote what", "Changes of the whole database that still count, by site and table.", svg, ["site", .. tables], sites.Select(site => (string[])
        [
            site, .. tables.Select(table => TextOutput.Number(cells.GetValueOrDefault((site, table)))),
        ]));
    }

    private static void Values(StringBuilder page, ReportResult report)
    {
        Svg svg = new("Values longer than a chunk", Math.Max(1, report.Values.Count) * RowHeight);
        double scale = report.Values.Count == 0 ? 0 : (Right - Left) / Math.Max(report.ChunkSize, report.Values[0].Bytes);
        if (report.Values.Count == 0)
        {
            svg.Text(0, 15, "No value is longer than a chunk.");
        }

        for (int i = 0; i < report.Values.Count; i++)
        {
            ReportValue value = report.Values[i];
            Bar(svg, i, $"{value.Tbl}.{value.ColName}", value.Bytes * scale, $"{TextOutput.Count(value.Parts, "part")}", "part",
                $"{value.Tbl}.{value.ColName} from chunk {value.Chunk}: {TextOutput.Count(value.Bytes, "byte")} in {TextOutput.Count(value.Parts, "part")}");
        }

        if (report.Values.Count > 0)
        {
            double x = Left + (report.ChunkSize * scale);
            svg.Line(x, -4, x, (report.Values.Count * RowHeight) + 4, $"the largest chunk: {TextOutput.Count(report.ChunkSize, "byte")}");
        }

        Figure(page, "Long values", "Values that travel in parts, against the largest chunk (the broken line).", svg, ["value", "first chunk", "bytes", "parts"],
            report.Values.Select(value => (string[])
                [$"{value.Tbl}.{value.ColName}", TextOutput.Number(value.Chunk), TextOutput.Number(value.Bytes), TextOutput.Number(value.Parts)]));
    }

    private static void Storage(StringBuilder page, ReportResult report)
    {
        Svg svg = new("Bytes of tables, clocks and indexes", Math.Max(1, report.Storage.Count) * RowHeight);
        double scale = (Right - Left) / Math.Max(1, report.Storage.Count == 0 ? 1 : report.Storage.Max(entry => entry.Bytes));
        for (int i = 0; i < report.Storage.Count; i++)
        {
            ReportStorage entry = report.Storage[i];
            Bar(svg, i, entry.Name, entry.Bytes * scale, TextOutput.Number(entry.Bytes), entry.Kind is "clocks" or "metadata" ? "part" : "bar",
                $"{entry.Name} ({entry.Kind}): {TextOutput.Count(entry.Bytes, "byte")}");
        }

        Figure(page, "Pages of the file", "Bytes by table and index; hatched are clocks and metadata of the sync.", svg, ["name", "kind", "bytes"],
            report.Storage.Select(entry => (string[])[entry.Name, entry.Kind, TextOutput.Number(entry.Bytes)]));
    }

    private static void Timing(StringBuilder page, ReportTiming timing)
    {
        Svg svg = new("Time of pages by decile", Math.Max(1, timing.Deciles.Count) * RowHeight);
        double most = timing.Deciles.Count == 0 ? 1 : Math.Max(0.001, timing.Deciles[^1]);
        for (int i = 0; i < timing.Deciles.Count; i++)
        {
            string share = $"{(i + 1) * 10} % of pages";
            Bar(svg, i, share, (Right - Left) * timing.Deciles[i] / most, Time(timing.Deciles[i]), "bar", $"{share} take at most {Time(timing.Deciles[i])}");
        }

        Figure(page, "Time of pages", $"{TextOutput.Count(timing.Pages, "page")} in {Time(timing.Milliseconds)}; each bar: so many pages take at most that long.", svg,
            ["pages", "at most"], timing.Deciles.Select((time, i) => (string[])[$"{(i + 1) * 10} %", Time(time)]));
    }

    private static void Bar(Svg svg, int row, string name, double width, string value, string style, string title)
    {
        double y = row * RowHeight;
        svg.Text(Left - 10, y + 15, Printable.Of(name, 34), "end");
        svg.Rectangle(Left, y + 3, Math.Max(width, 2), RowHeight - 6, style, title);
        svg.Text(Left + width + 6, y + 15, value);
    }

    private static void Figure(StringBuilder page, string title, string caption, Svg svg, string[] columns, IEnumerable<string[]> rows)
    {
        page.Append($"<h2>{title}</h2>\n<figure>\n{svg}<figcaption>{Svg.Escape(caption)}</figcaption>\n</figure>\n<details><summary>Numbers</summary>\n");
        Table(page, columns, rows);
        page.Append("</details>\n");
    }

    private static string SiteName(SiteId? site) => site is SiteId known ? known.ToString() : OtherSites;

    private static string Time(double milliseconds) => milliseconds.ToString("0.000", CultureInfo.InvariantCulture) + " ms";
}
