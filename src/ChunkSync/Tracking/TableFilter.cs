using ChunkSync.Catalog;
using ChunkSync.Sqlite;

namespace ChunkSync.Tracking;

/// <summary><c>cloudsync_set_filter</c> and <c>cloudsync_clear_filter</c> (behaviour E.9).</summary>
internal static class TableFilter
{
    private const string FilterSavepoint = "chunksync_filter";

    /// <summary>Sets or clears the row filter. A filter that SQLite cannot use changes nothing. The clocks of rows that do not match are
    /// hidden, matching rows keep theirs, get some, or are counted again where the last filter left them out; tombstones stay.</summary>
    /// <param name="tracker">What it works with.</param>
    /// <param name="name">The table.</param>
    /// <param name="filter">The expression; null for none.</param>
    public static void Set(Tracker tracker, string name, string? filter)
    {
        TrackedTable table = tracker.Catalog.Find(name) ?? throw tracker.Catalog.Damage.Unknown(name, ResultCode.Error,
            $"cloudsync_{(filter == null ? "clear" : "set")}_filter: table '{name}' is not configured for sync."
            + $" Call SELECT cloudsync_init('{name}') first.");
        if (filter != null)
        {
            tracker.Trees?.RefuseTree(table, "cloudsync_set_filter", "a filter");
        }

        Check(tracker.Session.Connection, table, filter);
        tracker.Session.InTransaction(FilterSavepoint, () => Apply(tracker, table.Name, filter));
        tracker.Session.Refresh();
        _ = tracker.Triggers.TryInstall();
    }

    private static void Check(Connection connection, TrackedTable table, string? filter)
    {
        if (filter == null)
        {
            return;
        }

        // A statement of its own: what closes the parenthesis early cannot reach the trigger's text.
        using Statement probe = connection.Prepare($"SELECT 1 FROM {table.Quoted} WHERE ({filter}\n) LIMIT 0");
        try
        {
            _ = probe.Handle;
        }
        catch (EngineException failure) when (ResultCode.Primary(failure.Code) == ResultCode.Error)
        {
            throw Errors.Refused($"cloudsync_set_filter: the filter of table '{table.Name}' cannot be used: {failure.Message}; nothing was changed");
        }
    }

    private static void Apply(Tracker tracker, string name, string? filter)
    {
        tracker.Session.Transaction.Join();
        tracker.Watch.Restore();
        if (tracker.Catalog.Find(name) is TrackedTable { HasPendingRows: true, Columns.Length: > 0 } filled)
        {
            // What is pending is so by the last filter.
            tracker.Rows.Capture(filled);
        }

        long floor = tracker.Clock.Highest;
        if (tracker.Catalog.Find(name) is TrackedTable { Filter: not null, Columns.Length: > 0 } before)
        {
            // Also those that an UPDATE took out: what was written to them since is not known.
            tracker.Rows.HideFiltered(before);
        }

        tracker.Catalog.Settings.Set(name, TableSettingStore.WholeTable, TableSettingStore.Filter, filter);
        tracker.Session.Invalidate();
        tracker.Session.Refresh();
        tracker.Clock.Raise(floor);
        TrackedTable filtered = tracker.Catalog.Require(name);
        tracker.Catalog.Marks.ForgetWhole(filtered);
        Action<TrackedTable> hide = filter == null ? _ => { } : table => tracker.Rows.HideFiltered(table);
        TableInitializer.BringUpToDate(tracker, filtered, hide, keepLost: true);
    }
}
