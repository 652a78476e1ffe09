using ChunkSync.Sqlite;

namespace ChunkSync.Capture;

/// <summary>Captures rows that are in a table but not in its clocks (behaviour E.2): rows of the time before init, of a time when capture
/// was off, and columns that were added. All of it takes one db_version.</summary>
internal static class ExistingRows
{
    /// <summary>Captures what is missing.</summary>
    public static void Capture(Replica replica, TrackedTable table)
    {
        replica.IsCapturing = true;
        try
        {
            CaptureAll(replica, table);
        }
        finally
        {
            replica.IsCapturing = false;
        }
    }

    private static void CaptureAll(Replica replica, TrackedTable table)
    {
        using KeyBuffer key = new(replica.Connection);
        string keys = string.Join(", ", table.KeyColumns.Select(column => column.Quoted));
        string filter = table.Filter == null ? "" : $"({table.Filter}) AND ";
        string pk = $"cloudsync_pk_encode({keys})";
        CaptureRows(replica, table, key,
            $"SELECT {keys} FROM {table.Quoted} WHERE {filter}NOT EXISTS (SELECT 1 FROM {table.QuotedClock} AS c WHERE c.pk = {pk}"
            + $" AND (c.col_name <> '{TrackedTable.Sentinel}' OR c.col_version & 1)) ORDER BY {keys}");

        // Block columns have clock rows by other names.
        TableColumn[] plain = [.. table.ValueColumns.Where(column => !IsBlockColumn(replica, table, column))];
        if (plain.Length > 0)
        {
            CaptureColumns(replica, table, plain, key,
                $"SELECT {keys} FROM {table.Quoted} WHERE {filter}(SELECT count(*) FROM {table.QuotedClock} AS c WHERE c.pk = {pk}"
                + $" AND c.col_name <> '{TrackedTable.Sentinel}' AND instr(c.col_name, char(31)) = 0) < {plain.Length} ORDER BY {keys}");
        }
    }

    private static bool IsBlockColumn(Replica replica, TrackedTable table, TableColumn column) =>
        table.HasBlocks && replica.Tables.ColumnSetting(table.Name, column.Name, "algo") == "block";

    private static void CaptureRows(Replica replica, TrackedTable table, KeyBuffer key, string sql)
    {
        using Statement rows = replica.Connection.Prepare(sql);
        TableWriter writer = table.Writer(replica);
        while (rows.Step())
        {
            ReadKey(rows, table, key);
            writer.Insert(key);
        }
    }

    private static void CaptureColumns(Replica replica, TrackedTable table, TableColumn[] columns, KeyBuffer key, string sql)
    {
        using Statement rows = replica.Connection.Prepare(sql);
        using Statement known = replica.Connection.Prepare(
            $"SELECT 1 FROM {table.QuotedClock} WHERE pk = ?1 AND col_name = ?2");
        TableWriter writer = table.Writer(replica);
        while (rows.Step())
        {
            ReadKey(rows, table, key);
            foreach (TableColumn column in columns)
            {
                known.BindBlob(1, key.Bytes).BindText(2, column.ClockNameUtf8);
                bool exists = known.Step();
                known.Reset();
                if (!exists)
                {
                    writer.UpsertColumn(key, Array.IndexOf(table.ValueColumns, column), replica.Clock.Next());
                }
            }
        }
    }

    private static void ReadKey(Statement rows, TrackedTable table, KeyBuffer key)
    {
        key.Begin(table.KeyColumns.Length);
        for (int i = 0; i < table.KeyColumns.Length; i++)
        {
            if (rows.IsNull(i))
            {
                throw new EngineException(ResultCode.Error,
                    $"Insert aborted because primary key in table {table.Name} contains NULL values.");
            }

            key.Append(rows.ColumnValue(i));
        }
    }
}
