using ChunkSync.Changes;

namespace ChunkSync.Chunks;

/// <summary>The row behind a cursor that a page gave out inside a position.</summary>
/// <param name="Cursor">The cursor.</param>
/// <param name="Filter">Which sites' changes the scan shows, and</param>
/// <param name="SiteOrdinal">the ordinal of the filter's site: they decide what counts as being before the row.</param>
/// <param name="Done">Encoded bytes of the position's rows before <paramref name="Row"/>.</param>
/// <param name="Row">The row that the cursor is before or inside of.</param>
internal sealed record ResumeRow(ResumePoint Cursor, SiteFilter Filter, long SiteOrdinal, long Done, RowKey Row)
{
    /// <summary>Whether it is about this cursor and scan.</summary>
    public bool IsFor(ResumePoint cursor, ScanRange range) => IsFor(cursor, range.Filter, range.SiteOrdinal);

    /// <summary>Whether it is about what another one is about.</summary>
    public bool IsFor(ResumeRow other) => IsFor(other.Cursor, other.Filter, other.SiteOrdinal);

    private bool IsFor(ResumePoint cursor, SiteFilter filter, long siteOrdinal) => Cursor == cursor && Filter == filter && SiteOrdinal == siteOrdinal;
}
