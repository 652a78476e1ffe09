using ChunkSync.Changes;
using ChunkSync.Session;

namespace ChunkSync.Chunks;

/// <summary>The row behind the last cursor that a page of this connection gave out inside a position, or, by way of
/// <see cref="SharedResumeRows"/>, another connection of the process: the next page then seeks to it instead of walking over the rows that share
/// the position.</summary>
internal sealed class ResumeMemory(SyncSession session)
{
    private ResumeRow? last;
    private int generation;

    /// <summary>Remembers where a cursor points: to the current row of the source.</summary>
    /// <param name="next">The cursor.</param>
    /// <param name="done">Encoded bytes of the position's rows before that row.</param>
    /// <param name="source">The source.</param>
    /// <param name="range">What it shows.</param>
    public void Store(ResumePoint next, long done, IChangeSource source, ScanRange range)
    {
        last = new ResumeRow(next, range.Filter, range.SiteOrdinal, done, RowKey.Of(source));
        generation = session.Generation;
        if (session.CommittedFile is CommittedFile file)
        {
            SharedResumeRows.Store(file, last);
        }
    }

    /// <summary>The row behind a cursor; null when it is not remembered.</summary>
    public ResumeRow? Find(ResumePoint cursor, ScanRange range)
    {
        if (last != null && generation == session.Generation && last.IsFor(cursor, range))
        {
            return last;
        }

        return session.CommittedFile is CommittedFile file ? SharedResumeRows.Find(file, cursor, range) : null;
    }

    /// <summary>Forgets what this connection remembers: what it read may be undone.</summary>
    public void Forget() => last = null;
}
