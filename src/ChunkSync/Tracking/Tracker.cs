using ChunkSync.Capture;
using ChunkSync.Catalog;
using ChunkSync.Clock;
using ChunkSync.Keys;
using ChunkSync.Session;

namespace ChunkSync.Tracking;

/// <summary>What the operations on tracked tables share: init, alterations, filters, recapture, upgrade.</summary>
internal sealed record Tracker(
    SyncSession Session, TableCatalog Catalog, TableKeys Keys, VersionClock Clock, LocalClocks Clocks, ReplaceTriggers Triggers, CaptureWatch Watch,
    AlterationSnapshot Alterations, ExistingRows Rows)
{
    /// <summary>What waits to be merged; handed in by the composition root.</summary>
    public required Func<IWaitingRows> Waiting { get; init; }

    /// <summary>What goes along with tables that are trees; null until it is there.</summary>
    public ITreeTracking? Trees { get; set; }
}
