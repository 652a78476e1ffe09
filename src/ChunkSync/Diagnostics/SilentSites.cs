using ChunkSync.Catalog;
using ChunkSync.Session;

namespace ChunkSync.Diagnostics;

/// <summary>D12: sites of which nothing is left, or never was anything.</summary>
internal sealed class SilentSites() : FindingCheck("D12", Severity.Info)
{
    public override bool IsDeep => true;

    public override void Run(CheckContext context)
    {
        HashSet<long> seen = [SiteDirectory.LocalOrdinal];
        foreach (TrackedTable table in context.Catalog.All)
        {
            seen.UnionWith(context.Rows($"SELECT DISTINCT site_id FROM {table.QuotedClock} WHERE typeof(site_id) = 'integer'").Select(row => (long)row[0]!));
        }

        List<object?[]> silent = context.Rows("SELECT rowid, lower(hex(site_id)) FROM main.cloudsync_site_id ORDER BY rowid").FindAll(row => !seen.Contains((long)row[0]!));
        if (silent.Count > 0)
        {
            context.Add(null, $"x'{silent[0][1]}'", silent.Count, "sites whose changes are not here: they never sent any, or all were overwritten. Nothing to do");
        }
    }
}
