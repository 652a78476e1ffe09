using System.Text;
using ChunkSync.Capture;
using ChunkSync.Catalog;
using ChunkSync.Session;
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
    public static void Begin(Tracker tracker, string name)
    {
        TrackedTable found = Find(tracker, name);
        RequireTable(found);
        TableInitializer.RequireNoPendingRows(found, "cloudsync_begin_alter");
        tracker.Trees?.RefuseLog(found, "cloudsync_begin_alter");
        tracker.Alterations.CreateTables();
        using TransactionScope alteration = tracker.Session.BeginTransaction(AlterSavepoint, isNamed: true);
        tracker.Session.Transaction.Join();
        tracker.Session.Refresh();
        tracker.Watch.Restore();
        TrackedTable table = Find(tracker, name);
        tracker.Alterations.Take(table);
        TriggerSet.Drop(tracker.Session.Connection, table.Name);
        tracker.Trees?.Detach(table);
        tracker.Session.Reread(table.Name, isSameTable: true);
        alteration.Leave();
    }

    /// <summary><c>cloudsync_commit_alter</c>: drops the clocks of columns that are gone, recreates the triggers, and captures new columns
    /// and what was changed since the begin.</summary>
    public static void Commit(Tracker tracker, string name)
    {
        string table = Find(tracker, name).Name;
        using (TransactionScope scope = tracker.Session.BeginTransaction("chunksync_commit_alter", withoutReader: true))
        {
            Commit(tracker, tracker.Session.Connection, table);
            scope.Leave();
        }

        tracker.Session.Refresh();
    }

    private static void Commit(Tracker tracker, Connection connection, string table)
    {
        tracker.Session.Transaction.Join();
        tracker.Session.Invalidate();
        tracker.Session.Refresh();
        TrackedTable altered = Find(tracker, table);
        RequireTable(altered);
        ClockTable.Create(connection, altered.Name);
        if (tracker.Catalog.IsDisabled(altered.NameUtf8))
        {
            tracker.Alterations.Remove(altered);
        }

        tracker.Waiting().Disappeared(altered, tracker.Alterations.ColumnsBefore(altered).Where(name => altered.FindValueColumn(Encoding.UTF8.GetBytes(name)) < 0));
        TableInitializer.BringUpToDate(tracker, altered, tracker.Alterations.Capture, keepLost: true);
        tracker.Trees?.Attach(altered);
        tracker.Session.Reread(altered.Name);
        try
        {
            connection.Execute("RELEASE " + AlterSavepoint);
        }
        catch (EngineException failure) when (failure.Code == ResultCode.Error)
        {
            throw Errors.Misuse($"cloudsync_commit_alter: call SELECT cloudsync_begin_alter('{table}') before the table is altered; nothing was changed");
        }
    }

    /// <summary><c>cloudsync_cleanup</c>: the table is no longer tracked; with the last one go the internal tables.</summary>
    public static void Cleanup(Tracker tracker, string name)
    {
        string? stored = tracker.Catalog.StoredName(name);
        if (stored == null)
        {
            return;
        }

        if (tracker.Catalog.Find(stored) is TrackedTable log)
        {
            tracker.Trees?.RefuseLog(log, "cloudsync_cleanup");
        }

        tracker.Session.InTransaction(CleanupSavepoint, dropsTables: true, rereads: true, body: () =>
        {
            if (tracker.Catalog.Find(stored) is TrackedTable { Tree: not null } tree)
            {
                tracker.Trees?.End(tree);
            }

            Connection connection = tracker.Session.Connection;
            tracker.Session.Transaction.Join();
            tracker.Session.Refresh();
            long floor = tracker.Clock.Highest;
            TriggerSet.Drop(connection, stored);
            ClockTable.Drop(connection, stored);
            tracker.Clocks.ForgetPending(stored);
            tracker.Waiting().Forget(stored);
            tracker.Catalog.Settings.RemoveAll(stored);
            TableInitializer.Reread(tracker, stored);
            if (tracker.Catalog.Settings.Any() || tracker.Catalog.All.Count > 0)
            {
                tracker.Clock.Raise(floor);
                tracker.Clock.Store(floor);
                tracker.Catalog.Schema.Update();
            }
            else
            {
                tracker.Catalog.Metadata.Drop();
                tracker.Session.Invalidate();
            }
        });
        tracker.Session.Refresh();
    }

    private static TrackedTable Find(Tracker tracker, string name)
    {
        tracker.Session.RefuseDuringMerge("altering a table");
        tracker.Session.Refresh();
        return tracker.Catalog.Find(name) ?? throw tracker.Catalog.Damage.Unknown(name, ResultCode.Misuse, $"Unable to find table {name}");
    }

    private static void RequireTable(TrackedTable table)
    {
        if (table.Columns.Length == 0)
        {
            throw Errors.Refused($"Table {table.Name} does not exist: was it renamed? ROLLBACK undoes the alteration");
        }
    }
}
