using System.Diagnostics;
using ChunkSync.Client;

namespace ChunkSync.Tool;

/// <summary>Reads what a report shows. Lists are as long as a page can show, whatever the database holds.</summary>
internal sealed class ReportReader(DatabaseFile file, ChunkWindow window, int? chunkSize)
{
    private const int MostBins = 600;
    private const int MostVersions = 240;
    private const int MostSites = 20;
    private const int MostTables = 12;
    private const int MostValues = 40;
    private const int UsualChunkSize = 5 << 20;

    /// <summary>Reads it.</summary>
    /// <param name="isTimed">Whether pages are read and timed.</param>
    /// <param name="against">How it compares with another database; null where nobody asked.</param>
    public async Task<ReportResult> ReadAsync(bool isTimed, VerifyResult? against)
    {
        PlanResult plan = await PlanCommand.ReadAsync(file, window, chunkSize);
        ReportTiming? timing = isTimed ? await TimeAsync(plan) : null;
        return new ReportResult(
            file.Path, file.Sync.Site, file.Sync.DbVersion, plan.Chunks, plan.Rows, plan.Bytes, plan.WatermarkDbVersion,
            chunkSize ?? file.Number("SELECT value FROM cloudsync_settings WHERE key = 'payload_max_chunk_size'") switch { > 0 and long set => set, _ => UsualChunkSize },
            ReportBin.Of(plan.Layout, MostBins), Versions(plan), Writers(), Values(plan), ReportStorage.Read(file), timing, against);
    }

    private async Task<ReportTiming> TimeAsync(PlanResult plan)
    {
        List<double> pages = [];
        return await file.Context.Progress.RunAsync("timing pages", async progress =>
        {
            long began = Stopwatch.GetTimestamp();
            long bytes = 0;
            await foreach (Chunk chunk in file.Sync.ReadAsync(
                window with { Until = window.Until ?? plan.WatermarkDbVersion }, new ReadOptions { MaxChunkSize = chunkSize }, file.Context.Cancellation))
            {
                pages.Add(Stopwatch.GetElapsedTime(began).TotalMilliseconds);
                bytes = chunk.WindowBytes;
                progress.Report(new SyncProgress(SyncPhase.Reading, chunk.Index + 1, 0, bytes, Math.Max(bytes, plan.Bytes), null, default));
                began = Stopwatch.GetTimestamp();
            }

            progress.Report(new SyncProgress(SyncPhase.Reading, pages.Count, 0, bytes, bytes, null, default));
            return ReportTiming.Of(pages);
        });
    }

    /// <summary>Changes by version, from the window's first one to its last one.</summary>
    private List<ReportVersions> Versions(PlanResult plan)
    {
        if (plan.Chunks == 0)
        {
            return [];
        }

        long first = plan.Layout[0].DbVersionMin;
        long width = ((plan.WatermarkDbVersion - first) / MostVersions) + 1;
        (string condition, byte[] site) = ChunkContents.Sites(file, window);
        return
        [
            .. file.Rows($"SELECT (db_version - ?1) / ?4, count(*) FROM cloudsync_changes WHERE db_version >= ?1 AND db_version <= ?2 AND {condition} GROUP BY 1 ORDER BY 1",
                first, plan.WatermarkDbVersion, site, width)
                .Select(row => new ReportVersions(
                    first + (row.Number(0) * width), Math.Min(first + ((row.Number(0) + 1) * width) - 1, plan.WatermarkDbVersion), row.Number(1))),
        ];
    }

    private List<ReportWriter> Writers()
    {
        List<ReportWriter> all =
        [
            .. file.Rows("SELECT site_id, tbl, count(*) FROM cloudsync_changes GROUP BY 1, 2").Select(row => new ReportWriter(row.Site(0), row.Text(1), row.Number(2))),
        ];
        HashSet<SiteId?> sites = [.. all.GroupBy(entry => entry.SiteId).OrderByDescending(site => site.Sum(entry => entry.Changes)).Take(MostSites).Select(site => site.Key)];
        HashSet<string?> tables = [.. all.GroupBy(entry => entry.Tbl).OrderByDescending(table => table.Sum(entry => entry.Changes)).Take(MostTables).Select(table => table.Key)];
        return
        [
            .. all.GroupBy(entry => (Site: sites.Contains(entry.SiteId) ? entry.SiteId : null, Table: tables.Contains(entry.Tbl) ? entry.Tbl : null))
                .Select(cell => new ReportWriter(cell.Key.Site, cell.Key.Table, cell.Sum(entry => entry.Changes))),
        ];
    }

    private static List<ReportValue> Values(PlanResult plan)
    {
        List<ReportValue> values = [];
        for (int i = 0; i < plan.Layout.Count; i++)
        {
            PlannedChunkLine chunk = plan.Layout[i];
            if (chunk.Fragment is { Part: 1 } part)
            {
                long bytes = plan.Layout.Skip(i).Take((int)part.Parts).Sum(piece => piece.Bytes);
                values.Add(new ReportValue(string.Join(", ", chunk.Tables), part.ColName ?? "", chunk.Index, bytes, part.Parts));
                i += (int)part.Parts - 1;
            }
        }

        return [.. values.OrderByDescending(value => value.Bytes).Take(MostValues)];
    }
}
