using ChunkSync.Catalog;
using ChunkSync.Session;
using ChunkSync.Sqlite;

namespace ChunkSync.Tracking;

/// <summary>What loading does to a database that is synchronised already (behaviour E.1): missing internal tables and triggers are made,
/// the setting <c>version</c> is set, and the schema hash is computed anew when the version was another.</summary>
internal static class DatabaseUpgrade
{
    private const string Savepoint = "chunksync_load";

    /// <summary>Brings the database up to date; where it cannot be written now, reading works all the same.</summary>
    public static void Run(Replica replica)
    {
        try
        {
            UpdateWhereNeeded(replica);
            _ = replica.ReplaceTriggers.TryInstall();
        }
        catch (EngineException failure) when (ResultCode.Primary(failure.Code) is ResultCode.ReadOnly or ResultCode.Busy or ResultCode.Locked
            or ResultCode.Error or ResultCode.Constraint or ResultCode.Corrupt)
        {
            // Read-only media, PRAGMA query_only, or another writer, for whom a host that is just loading us may not have set a busy
            // timeout yet: the next load does it. Metadata is read when it is needed. Where somebody damaged it, whatever needs it says so
            // then; what could mend it is there only when loading succeeds.
            replica.Invalidate();
        }
    }

    private static void UpdateWhereNeeded(Replica replica)
    {
        bool canWrite = replica.Sites.HasLocal && !replica.Connection.IsReadOnly;
        bool isComplete = MetadataSchema.IsComplete(replica.Connection);
        if (canWrite && !isComplete)
        {
            // Without them nothing can be read that the rest asks for.
            MetadataSchema.CreateTables(replica.Connection);
        }

        replica.Refresh();
        if (!canWrite)
        {
            return;
        }

        string? version = replica.Settings.Text(Settings.Version);
        if (version != ProductInfo.CompatibilityVersion || !isComplete || replica.Watch.NeedsRestoring)
        {
            TableInitializer.InSavepoint(replica, Savepoint, () => Update(replica, version));
        }
    }

    private static void Update(Replica replica, string? version)
    {
        MetadataSchema.CreateInternal(replica);
        replica.Watch.Restore();
        replica.Settings.Set(Settings.Version, ProductInfo.CompatibilityVersion);
        if (version != ProductInfo.CompatibilityVersion)
        {
            replica.Schema.Update();
        }
    }
}
