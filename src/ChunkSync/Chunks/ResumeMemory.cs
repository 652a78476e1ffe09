using ChunkSync.Changes;

namespace ChunkSync.Chunks;

/// <summary>The row behind the last cursor that a page of this connection gave out inside a position: the next page then seeks
/// to it instead of walking over the rows that share the position.</summary>
internal sealed class ResumeMemory
{
    private ResumePoint cursor;
    private SiteFilter filter;
    private long siteOrdinal;
    private int generation;
    private RowKey? row;

    /// <summary>Encoded bytes of the position's rows before <see cref="Row"/>.</summary>
    public long Done { get; private set; }

    /// <summary>The row that the remembered cursor is before or inside of.</summary>
    public RowKey Row => row!;

    /// <summary>Remembers where a cursor points: to the current row of the source.</summary>
    public void Store(ResumePoint next, long done, IChangeSource source, ScanRange range, int metadataGeneration)
    {
        cursor = next;
        Done = done;
        filter = range.Filter;
        siteOrdinal = range.SiteOrdinal;
        generation = metadataGeneration;
        row = RowKey.Of(source);
    }

    /// <summary>Whether the memory is about this cursor and scan.</summary>
    public bool Knows(ResumePoint resume, ScanRange range, int metadataGeneration) =>
        row != null && cursor == resume && filter == range.Filter && siteOrdinal == range.SiteOrdinal
        && generation == metadataGeneration;

    /// <summary>Forgets it: a cursor may name another row now.</summary>
    public void Forget() => row = null;
}
