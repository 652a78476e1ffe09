using System.Text;
using System.Text.Json;

namespace ChunkSync.Tool;

/// <summary>The page: figures, the same numbers in tables below them, and all data as JSON. One file, nothing from elsewhere.</summary>
internal static class ReportPage
{
    private const string Style = """
        :root { color-scheme: light dark; --ink: #1b1f24; --paper: #fff; --fill: #3b6ea5; --soft: #eef1f4; }
        @media (prefers-color-scheme: dark) { :root { --ink: #e6e6e6; --paper: #16191d; --fill: #7fb0e6; --soft: #252a30; } }
        body { font: 15px/1.5 system-ui, sans-serif; color: var(--ink); background: var(--paper); max-width: 1000px; margin: 2rem auto; padding: 0 1rem; }
        h1 { font-size: 1.5rem; } h2 { font-size: 1.1rem; margin-top: 2.5rem; }
        figure { margin: 0; } svg { width: 100%; height: auto; overflow: visible; } svg text { fill: var(--ink); font-size: 12px; }
        svg .bar, svg .cell { fill: var(--fill); stroke: var(--paper); stroke-width: .5; } svg .part { fill: url(#hatch); stroke: var(--fill); stroke-width: .7; }
        svg line { stroke: var(--ink); stroke-width: 1.5; stroke-dasharray: 4 3; }
        table { border-collapse: collapse; margin-top: .5rem; font-variant-numeric: tabular-nums; }
        th, td { padding: .15rem .7rem; text-align: right; border-bottom: 1px solid var(--soft); } th:first-child, td:first-child { text-align: left; }
        details > summary { cursor: pointer; margin-top: .5rem; } .wide { overflow-x: auto; } code { word-break: break-all; }
        """;

    /// <summary>Makes the page.</summary>
    public static string Make(ReportResult report)
    {
        StringBuilder page = new();
        page.Append("<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n")
            .Append("<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'; img-src data:\">\n<link rel=\"icon\" href=\"data:,\">\n")
            .Append($"<title>{Svg.Escape(report.Database)}: chunksync report</title>\n<style>\n{Style}\n</style>\n</head>\n<body>\n")
            .Append("<svg width=\"0\" height=\"0\" style=\"position:absolute\" aria-hidden=\"true\"><defs><pattern id=\"hatch\" width=\"6\" height=\"6\" ")
            .Append("patternTransform=\"rotate(45)\" patternUnits=\"userSpaceOnUse\"><rect width=\"2.5\" height=\"6\" style=\"fill:var(--fill)\"/></pattern></defs></svg>\n")
            .Append($"<h1>{Svg.Escape(Path.GetFileName(report.Database))}</h1>\n")
            .Append($"<p>Site <code>{report.SiteId}</code>, version {TextOutput.Number(report.DbVersion)}. A send of this window is {TextOutput.Count(report.Chunks, "chunk")} with ")
            .Append($"{TextOutput.Count(report.Rows, "change")} and {TextOutput.Count(report.Bytes, "byte")} before compression; chunks have at most ")
            .Append($"{TextOutput.Count(report.ChunkSize, "byte")}.</p>\n");
        if (report.Against is VerifyResult against)
        {
            page.Append($"<p>Against {Svg.Escape(against.B)}: {(against.Equal ? "equal rows and winners" : "not equal")}.</p>\n");
            ReportFigures.Table(page, ["table", "rows", "equal", "changed", "missing", "extra", "versions", "lives"], against.Tables.Select(table => (string[])
            [
                table.Table, TextOutput.Number(table.Rows), TextOutput.Number(table.RowsEqual), TextOutput.Number(table.Changed), TextOutput.Number(table.Missing),
                TextOutput.Number(table.Extra), TextOutput.Number(table.Versions), TextOutput.Number(table.Lives),
            ]));
        }

        ReportFigures.Write(page, report);

        // The default encoder: nothing in it can end the element.
        page.Append("<script type=\"application/json\" id=\"chunksync-report\">")
            .Append(JsonSerializer.Serialize(report, ToolJson.Default.ReportResult)).Append("</script>\n</body>\n</html>\n");
        return page.ToString();
    }
}
