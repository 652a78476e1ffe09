using ChunkSync.Sqlite;

namespace ChunkSync.Capture;

/// <summary>Changes of a tracked table's schema, filter and existence (behaviour E.9). db_versions never run backwards through any of
/// them.</summary>
internal static class TableAlteration
{
    private const string AlterSavepoint = "cloudsync_alter";
    private const string FilterSavepoint = "chunksync_filter";
    private const string CleanupSavepoint = "chunksync_cleanup";

    /// <summary><c>cloudsync_begin_alter</c>: opens the savepoint that <c>cloudsync_commit_alter</c> releases, and drops the triggers.</summary>
    public static void Begin(Replica replica, string name)
    {
        TrackedTable table = Find(replica, name);
        replica.Connection.Execute("SAVEPOINT " + AlterSavepoint);
        replica.Transaction.Join();
        TriggerSet.Drop(replica.Connection, table.Name);
        replica.Invalidate();
    }

    /// <summary><c>cloudsync_commit_alter</c>: drops the clocks of columns that are gone, recreates the triggers, and captures
    /// new columns.</summary>
    public static void Commit(Replica replica, string name)
    {
        string table = Find(replica, name).Name;
        Savepoint savepoint = replica.Savepoint("chunksync_commit_alter");
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
        long before = Math.Max(replica.Clock.Current, replica.Clock.Pending);
        replica.Transaction.Join();
        replica.Invalidate();
        replica.Refresh();
        TrackedTable altered = Find(replica, table);
        if (altered.Columns.Length == 0)
        {
            throw new EngineException(ResultCode.Error, $"Table {table} does not exist: was it renamed? ROLLBACK undoes the alteration");
        }

        DropClocksOfLostColumns(connection, altered);
        replica.Clock.Raise(before);
        TriggerSet.Create(connection, altered.Name, altered.Columns, altered.Algorithm, altered.Filter);
        MetadataSchema.CreateClockTable(connection, altered.Name);
        replica.Schema.Update();
        ExistingRows.Capture(replica, altered);
        KeepVersion(replica, before);
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

    /// <summary>Sets or clears the row filter. A filter that SQLite cannot use changes nothing. Rows that do not match lose their
    /// clocks, matching ones keep theirs or get some, tombstones stay.</summary>
    /// <param name="replica">The connection's state.</param>
    /// <param name="name">The table.</param>
    /// <param name="filter">The expression; null for none.</param>
    public static void SetFilter(Replica replica, string name, string? filter)
    {
        TrackedTable table = replica.Tables.Find(name) ?? throw new EngineException(ResultCode.Error,
            $"cloudsync_{(filter == null ? "clear" : "set")}_filter: table '{name}' is not configured for sync."
            + $" Call SELECT cloudsync_init('{name}') first.");
        CheckFilter(replica.Connection, table, filter);
        TableInitializer.InSavepoint(replica, FilterSavepoint, () => ApplyFilter(replica, table, filter));
        replica.Refresh();
    }

    /// <summary><c>cloudsync_cleanup</c>: the table is no longer tracked; with the last one go the internal tables.</summary>
    public static void Cleanup(Replica replica, string name)
    {
        string? stored = replica.Tables.StoredName(name);
        if (stored == null)
        {
            return;
        }

        TableInitializer.InSavepoint(replica, CleanupSavepoint, () =>
        {
            Connection connection = replica.Connection;
            long before = Math.Max(replica.Clock.Current, replica.Clock.Pending);
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
                replica.Clock.Raise(before);
                KeepVersion(replica, before);
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
        return replica.Tables.Find(name) ?? throw new EngineException(ResultCode.Misuse, $"Unable to find table {name}");
    }

    /// <summary>Removes clocks, and of block columns blocks, of columns that the table does not have any more. Names are compared without
    /// ASCII case: an INSERT into <c>cloudsync_changes</c> stores a name as it was given.</summary>
    private static void DropClocksOfLostColumns(Connection connection, TrackedTable table)
    {
        string names = string.Join(", ", table.ValueColumns.Select(column => Connection.Literal(column.ClockName)));

        // A block's clock is named by its column, the separator and its position.
        const string BlockColumn = "CASE instr(col_name, char(31)) WHEN 0 THEN col_name ELSE substr(col_name, 1, instr(col_name, char(31)) - 1) END";
        string lost = $"col_name COLLATE NOCASE NOT IN ({names})";
        if (table.HasBlocks)
        {
            lost += $" AND {BlockColumn} COLLATE NOCASE NOT IN ({names})";
            connection.Execute($"DELETE FROM main.{Connection.Quote(table.ClockName + TrackedTable.BlocksSuffix)} WHERE {lost}");
            connection.Execute($"DELETE FROM main.cloudsync_table_settings WHERE tbl_name = {Connection.Literal(table.Name)}"
                + $" AND key IN ('algo', 'delimiter') AND col_name <> '*' AND col_name NOT IN ({names})");
        }

        connection.Execute($"DELETE FROM {table.QuotedClock} WHERE col_name <> '{TrackedTable.Sentinel}' AND {lost}");
    }

    private static void CheckFilter(Connection connection, TrackedTable table, string? filter)
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
        catch (EngineException failure)
        {
            throw new EngineException(ResultCode.Error,
                $"cloudsync_set_filter: the filter of table '{table.Name}' cannot be used: {failure.Message}; nothing was changed");
        }
    }

    private static void ApplyFilter(Replica replica, TrackedTable table, string? filter)
    {
        Connection connection = replica.Connection;
        long before = Math.Max(replica.Clock.Current, replica.Clock.Pending);
        using (Statement setting = connection.Prepare(filter == null
            ? "DELETE FROM main.cloudsync_table_settings WHERE tbl_name = ?1 AND col_name = '*' AND key = 'filter'"
            : "INSERT OR REPLACE INTO main.cloudsync_table_settings(tbl_name, col_name, key, value) VALUES (?1, '*', 'filter', ?2)"))
        {
            setting.Bind(1, table.Name);
            if (filter != null)
            {
                setting.Bind(2, filter);
            }

            setting.Run();
        }

        replica.Transaction.Join();
        TriggerSet.Drop(connection, table.Name);
        replica.Invalidate();
        replica.Refresh();
        TrackedTable filtered = replica.Tables.Find(table.Name)!;
        TriggerSet.Create(connection, filtered.Name, filtered.Columns, filtered.Algorithm, filter);
        if (filter != null)
        {
            string keys = string.Join(", ", filtered.KeyColumns.Select(column => column.Quoted));
            connection.Execute($"DELETE FROM {filtered.QuotedClock} WHERE pk IN (SELECT cloudsync_pk_encode({keys})"
                + $" FROM {filtered.Quoted} WHERE ({filter}) IS NOT TRUE)");
        }

        replica.Clock.Raise(before);
        ExistingRows.Capture(replica, filtered);
        KeepVersion(replica, before);
    }

    /// <summary>Keeps the clock where it was when the newest clock rows are gone. The setting is written only then: sqlite-sync
    /// compares it as text, and lets versions run backwards wherever it stands.</summary>
    private static void KeepVersion(Replica replica, long before)
    {
        long newest = 0;
        foreach (TrackedTable table in replica.Tables.All)
        {
            newest = Math.Max(newest, table.NewestVersion());
        }

        long stored = replica.Settings.Integer(Settings.PreAlterDbVersion) ?? 0;
        if (newest < before && stored < before)
        {
            replica.Settings.Set(Settings.PreAlterDbVersion, before);
        }
    }
}
