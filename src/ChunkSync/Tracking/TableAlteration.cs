using ChunkSync.Capture;
using ChunkSync.Catalog;
using ChunkSync.Sqlite;

namespace ChunkSync.Tracking;

/// <summary>Changes of a tracked table's schema, and the end of its tracking (behaviour E.9). No db_version is given out twice through any
/// of them.</summary>
internal static class TableAlteration
{
    private const string AlterSavepoint = "cloudsync_alter";
    private const string CleanupSavepoint = "chunksync_cleanup";

    /// <summary><c>cloudsync_begin_alter</c>: opens the savepoint that <c>cloudsync_commit_alter</c> releases, remembers what the table
    /// holds, and drops the triggers.</summary>
    public static void Begin(Replica replica, string name)
    {
        RequireTable(Find(replica, name));
        replica.Alterations.CreateTables();
        Savepoint alteration = replica.Savepoint(AlterSavepoint, isNamed: true);
        alteration.Begin();
        try
        {
            replica.Transaction.Join();
            replica.Refresh();
            replica.Watch.Restore();
            TrackedTable table = Find(replica, name);
            replica.Alterations.Take(table);
            TriggerSet.Drop(replica.Connection, table.Name);
        }
        catch
        {
            alteration.Undo();
            throw;
        }
        finally
        {
            replica.Invalidate();
        }
    }

    /// <summary><c>cloudsync_commit_alter</c>: drops the clocks of columns that are gone, recreates the triggers, and captures new columns
    /// and what was changed since the begin.</summary>
    public static void Commit(Replica replica, string name)
    {
        string table = Find(replica, name).Name;
        Savepoint savepoint = replica.Savepoint("chunksync_commit_alter", withoutReader: true);
        savepoint.Begin();
        try
        {
            Commit(replica, replica.Connection, table);
        }
        catch
        {
            savepoint.Undo();
            replica.Invalidate();
            throw;
        }

        replica.Refresh();
    }

    private static void Commit(Replica replica, Connection connection, string table)
    {
        replica.Transaction.Join();
        replica.Invalidate();
        replica.Refresh();
        TrackedTable altered = Find(replica, table);
        RequireTable(altered);
        MetadataSchema.CreateClockTable(connection, altered.Name);
        if (replica.Tables.IsDisabled(altered.NameUtf8))
        {
            replica.Alterations.Remove(altered);
        }

        TableInitializer.BringUpToDate(replica, altered, replica.Alterations.Capture, keepLost: true);
        replica.Invalidate();
        try
        {
            connection.Execute("RELEASE " + AlterSavepoint);
        }
        catch (EngineException failure) when (failure.Code == ResultCode.Error)
        {
            throw new EngineException(ResultCode.Misuse,
                $"cloudsync_commit_alter: call SELECT cloudsync_begin_alter('{table}') before the table is altered; nothing was changed");
        }
    }

    /// <summary><c>cloudsync_cleanup</c>: the table is no longer tracked; with the last one go the internal tables.</summary>
    public static void Cleanup(Replica replica, string name)
    {
        string? stored = replica.Tables.StoredName(name);
        if (stored == null)
        {
            return;
        }

        TableInitializer.InSavepoint(replica, CleanupSavepoint, dropsTables: true, body: () =>
        {
            Connection connection = replica.Connection;
            long floor = replica.Clock.Highest;
            TriggerSet.Drop(connection, stored);
            replica.Transaction.Join();
            MetadataSchema.DropClockTable(connection, stored);
            using (Statement settings = connection.Prepare("DELETE FROM main.cloudsync_table_settings WHERE tbl_name = ?1"))
            {
                settings.Bind(1, stored);
                settings.Run();
            }

            replica.Invalidate();
            replica.Refresh();
            if (replica.Tables.HasSettings() || replica.Tables.All.Count > 0)
            {
                replica.Clock.Raise(floor);
                replica.Clock.Store(floor);
                replica.Schema.Update();
            }
            else
            {
                MetadataSchema.DropInternal(connection);
            }
        });
        replica.Refresh();
    }

    private static TrackedTable Find(Replica replica, string name)
    {
        replica.RefuseDuringMerge("altering a table");
        replica.Refresh();
        return replica.Tables.Find(name) ?? throw replica.Tables.Damage.Unknown(name, ResultCode.Misuse, $"Unable to find table {name}");
    }

    private static void RequireTable(TrackedTable table)
    {
        if (table.Columns.Length == 0)
        {
            throw new EngineException(ResultCode.Error,
                $"Table {table.Name} does not exist: was it renamed? ROLLBACK undoes the alteration");
        }
    }
}
