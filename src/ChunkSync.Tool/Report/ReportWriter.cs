using ChunkSync.Client;

namespace ChunkSync.Tool;

/// <summary>What a site has written in a table, as far as it still counts.</summary>
/// <param name="SiteId">The site; null for all that are not listed.</param>
/// <param name="Tbl">The table; null for all that are not listed.</param>
/// <param name="Changes">The changes.</param>
internal sealed record ReportWriter(SiteId? SiteId, string? Tbl, long Changes);
