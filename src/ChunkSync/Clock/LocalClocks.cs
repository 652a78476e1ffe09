using ChunkSync.Catalog;
using ChunkSync.Keys;
using ChunkSync.Session;

namespace ChunkSync.Clock;

/// <summary>What writes the clock rows of local changes, for each tracked table.</summary>
internal sealed class LocalClocks
{
    private readonly TablePart<KeyCeiling> ceilings;
    private readonly TablePart<LocalClockWriter> writers;
    private IPendingRows? pendingRows;

    public LocalClocks(SyncSession session, TableKeys keys, VersionClock clock)
    {
        ceilings = new(table => new KeyCeiling(session, table));
        writers = new(table => new LocalClockWriter(session, keys, clock, this, table));
    }

    /// <summary>What writes clock rows of local changes to a table.</summary>
    public LocalClockWriter Writer(TrackedTable table) => writers.Of(table)!;

    /// <summary>What tells new keys of a table from known ones without a look-up.</summary>
    public KeyCeiling Ceiling(TrackedTable table) => ceilings.Of(table)!;

    /// <summary>Captures rows of a table that have no clocks yet; null where all have.</summary>
    public IPendingRows? Pending(TrackedTable? table) => table is { HasPendingRows: true } ? pendingRows : null;

    /// <summary>Hands in what captures pending rows.</summary>
    public void Hand(IPendingRows pending) => pendingRows = pending;

    /// <summary>The table of that name is not tracked any more.</summary>
    public void ForgetPending(string table) => pendingRows?.Forget(table);
}
