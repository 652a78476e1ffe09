using ChunkSync.Capture;
using ChunkSync.Catalog;
using ChunkSync.Clock;
using ChunkSync.Keys;
using ChunkSync.Session;

namespace ChunkSync.Merge;

/// <summary>What the mergers of all tables of a connection work with.</summary>
internal sealed record MergeContext(
    SyncSession Session, TableCatalog Catalog, TableKeys Keys, VersionClock Clock, LocalClocks Clocks, FilterWatch Filters, Cascades Cascades,
    Refusals Refusals, ClockBatch Batch, IMergeWatch? Watch = null);
