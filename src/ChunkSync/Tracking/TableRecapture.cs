using ChunkSync.Catalog;
using ChunkSync.Session;
using ChunkSync.Sqlite;

namespace ChunkSync.Tracking;

/// <summary><c>cloudsync_recapture</c>: after a time without capture the table as it is now is the truth. Rows without clocks were inserted,
/// clocks of living rows without a row were deleted, columns are as they are. Which values were updated cannot be known: all or none are
/// captured as changed.</summary>
internal static class TableRecapture
{
    private const string RecaptureSavepoint = "chunksync_recapture";

    /// <summary>Captures a table in a savepoint of its own: after an error nothing has changed.</summary>
    /// <param name="tracker">What it works with.</param>
    /// <param name="name">The table's name as the user gave it; null for SQL NULL.</param>
    /// <param name="what"><c>values</c> to capture every value as changed; null otherwise.</param>
    /// <returns>The number of changes captured.</returns>
    public static long Run(Tracker tracker, string? name, string? what)
    {
        if (name == null)
        {
            throw Errors.Refused("cloudsync_recapture requires a non-null table parameter");
        }

        if (what is not (null or "values"))
        {
            throw Errors.Refused($"cloudsync_recapture: the second argument is '{what}', it can only be 'values' or NULL; nothing was changed");
        }

        tracker.Session.RefuseDuringMerge("cloudsync_recapture");
        tracker.Session.Refresh();
        TrackedTable table = Find(tracker, name);
        long captured = 0;
        tracker.Session.InTransaction(RecaptureSavepoint, () => captured = Recapture(tracker, table.Name, what != null));
        tracker.Session.Refresh();
        return captured;
    }

    private static TrackedTable Find(Tracker tracker, string name)
    {
        TrackedTable table = tracker.Catalog.Find(name) ?? throw tracker.Catalog.Damage.Unknown(name, ResultCode.Error,
            $"cloudsync_recapture: table '{name}' is not configured for sync. Call SELECT cloudsync_init('{name}') first.");
        if (table.Columns.Length == 0)
        {
            throw Errors.Refused($"cloudsync_recapture: table {table.Name} does not exist; create it again, or call"
                + $" SELECT cloudsync_cleanup('{table.Name}') to end its tracking");
        }

        TableInitializer.RequireNoPendingRows(table, "cloudsync_recapture");
        return tracker.Alterations.IsOpen(table)
            ? throw Errors.Misuse($"cloudsync_recapture: table {table.Name} is being altered; call SELECT"
                + $" cloudsync_commit_alter('{table.Name}') first")
            : table;
    }

    private static long Recapture(Tracker tracker, string name, bool values)
    {
        tracker.Session.Transaction.Join();
        TrackedTable table = Find(tracker, name);
        ClockTable.Create(tracker.Session.Connection, table.Name);

        // Where no version is taken yet the changes get the next one; otherwise what the transaction wrote before is not counted.
        long dbVersion = tracker.Clock.Pending > 0 ? tracker.Clock.Pending : tracker.Clock.Highest + 1;
        long seq = tracker.Clock.TakeSeqs(0);
        TableInitializer.BringUpToDate(tracker, table, recaptured =>
        {
            if (table.Algorithm == CrdtAlgorithm.CausalLengthSet)
            {
                tracker.Rows.CaptureDeletions(recaptured);
            }

            if (values)
            {
                tracker.Rows.CaptureValues(recaptured);
            }
        }, keepLost: false);
        tracker.Trees?.Recapture(table);
        using Statement count = tracker.Session.Connection.Prepare(
            $"SELECT count(*) FROM {table.QuotedClock} WHERE db_version = ?1 AND seq >= ?2 AND site_id = {SiteDirectory.LocalOrdinal}");
        count.Bind(1, dbVersion).Bind(2, seq);
        count.Step();
        return count.Int64(0);
    }
}
