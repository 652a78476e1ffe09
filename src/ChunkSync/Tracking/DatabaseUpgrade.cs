using ChunkSync.Format;
using ChunkSync.Session;
using ChunkSync.Sqlite;

namespace ChunkSync.Tracking;

/// <summary>What loading does to a database that is synchronised already (behaviour E.1): missing internal tables and triggers are made,
/// the setting <c>version</c> is set, and the schema hash is computed again when the version was another.</summary>
internal static class DatabaseUpgrade
{
    private const string LoadSavepoint = "chunksync_load";

    /// <summary>Brings the database up to date; where it cannot be written now, reading works all the same.</summary>
    public static void Run(Tracker tracker)
    {
        try
        {
            UpdateWhereNeeded(tracker);
            _ = tracker.Triggers.TryInstall();
        }
        catch (EngineException failure) when (ResultCode.Primary(failure.Code) is ResultCode.ReadOnly or ResultCode.Busy or ResultCode.Locked
            or ResultCode.Error or ResultCode.Constraint or ResultCode.Corrupt)
        {
            // Read-only media, PRAGMA query_only, or another writer, for whom a host that is just loading us may not have set a busy
            // timeout yet: the next load does it. Metadata is read when it is needed. Where it is damaged, whatever needs it says so
            // then; what could mend it is there only when loading succeeds.
            tracker.Session.Invalidate();
        }
    }

    private static void UpdateWhereNeeded(Tracker tracker)
    {
        bool canWrite = tracker.Session.Sites.HasLocal && !tracker.Session.Connection.IsReadOnly;
        bool isComplete = tracker.Catalog.Metadata.IsComplete();
        if (canWrite && !isComplete)
        {
            // Without them nothing can be read that the rest asks for.
            tracker.Catalog.Metadata.CreateTables();
        }

        tracker.Session.Refresh();
        if (!canWrite)
        {
            return;
        }

        string? version = tracker.Session.Settings.Text(Settings.Version);
        if (version != ProductInfo.CompatibilityVersion || !isComplete || tracker.Watch.NeedsRestoring)
        {
            tracker.Session.InTransaction(LoadSavepoint, () => Update(tracker, version));
        }
    }

    private static void Update(Tracker tracker, string? version)
    {
        tracker.Catalog.Metadata.Create();
        tracker.Watch.Restore();
        tracker.Session.Settings.Set(Settings.Version, ProductInfo.CompatibilityVersion);
        if (version != ProductInfo.CompatibilityVersion)
        {
            tracker.Catalog.Schema.Update();
        }
    }
}
