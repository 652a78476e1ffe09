using System.Globalization;
using Spectre.Console;

namespace ChunkSync.Samples.MainJob;

/// <summary>Prints the pages as a table.</summary>
internal sealed class Report(bool showAll)
{
    private const int Shown = 12;

    public void Print(DrainResult result)
    {
        Table table = new Table().RoundedBorder().AddColumns("chunk", "rows", "db_versions", "bytes", "fragment", "ms");
        string[] fragments = Fragments(result.Pages);
        for (int i = 0; i < result.Pages.Count; i++)
        {
            if (!showAll && i == Shown && result.Pages.Count > 2 * Shown)
            {
                int skipped = result.Pages.Count - (2 * Shown);
                table.AddRow("…", $"({skipped} more)", "", "", "", "");
                i += skipped;
            }

            Page page = result.Pages[i];
            table.AddRow(
                i.ToString(CultureInfo.InvariantCulture), page.Rows.ToString("N0", CultureInfo.InvariantCulture),
                page.Min == page.Max ? $"{page.Min}" : $"{page.Min}–{page.Max}",
                page.Payload.Length.ToString("N0", CultureInfo.InvariantCulture), fragments[i],
                page.Milliseconds.ToString("F1", CultureInfo.InvariantCulture));
        }

        AnsiConsole.Write(table);
        long bytes = result.Pages.Sum(page => (long)page.Payload.Length);
        AnsiConsole.MarkupLineInterpolated(
            $"{result.Pages.Count} chunks, {bytes:N0} bytes: [green]{result.Drained.TotalSeconds:F2} s[/] one query per chunk, [green]{result.Scanned.TotalSeconds:F2} s[/] in one scan; all {result.ScannedChunks} are identical byte for byte.");
    }

    /// <summary>"k of n" for each chunk that carries a part of a long value.</summary>
    private static string[] Fragments(List<Page> pages)
    {
        string[] texts = new string[pages.Count];
        int start = 0;
        for (int i = 0; i < pages.Count; i++)
        {
            texts[i] = "";
            bool ends = pages[i].IsFragment && pages[i].NextOffset == 0;
            if (!pages[i].IsFragment || (i > 0 && !pages[i - 1].IsFragment))
            {
                start = i;
            }

            if (ends)
            {
                for (int part = start; part <= i; part++)
                {
                    texts[part] = $"{part - start + 1} of {i - start + 1}";
                }

                start = i + 1;
            }
        }

        return texts;
    }
}
