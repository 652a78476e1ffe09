using ChunkSync.Sqlite;

namespace ChunkSync.Capture;

/// <summary>Block columns of databases that sqlite-sync made (spec E.9): a text whose lines are clock rows of their own, named
/// column + 0x1F + position key, with the values in <c>&lt;tbl&gt;_cloudsync_blocks</c>.</summary>
internal static class BlockText
{
    /// <summary>Writes the live blocks, in position order, joined by the column's delimiter, into the base row. The write is not
    /// captured: its parts are.</summary>
    public static void Materialize(Replica replica, TrackedTable table, string column, ReadOnlySpan<Value> keyValues)
    {
        Connection connection = replica.Connection;
        string blocks = "main." + Connection.Quote(table.ClockName + "_blocks");
        string delimiter = replica.Tables.ColumnSetting(table.Name, column, "delimiter") ?? "\n";
        string prefix = TableColumn.AsciiLower(column) + (char)TrackedTable.BlockSeparator;
        string keys = string.Join(" AND ", table.KeyColumns.Select((key, i) => $"{key.Quoted} = ?{i + 4}"));
        using KeyBuffer key = new();
        key.Begin(keyValues.Length);
        foreach (Value value in keyValues)
        {
            key.Append(value);
        }

        using Statement update = connection.Prepare(
            $"""
            UPDATE {table.Quoted} SET {Connection.Quote(column)} = (
                SELECT group_concat(col_value, ?3) FROM (
                    SELECT b.col_value FROM {table.QuotedClock} AS c JOIN {blocks} AS b ON b.pk = c.pk AND b.col_name = c.col_name
                    WHERE c.pk = ?1 AND substr(c.col_name, 1, length(?2)) = ?2 AND c.col_version & 1
                    ORDER BY c.col_name))
            WHERE {keys}
            """);
        update.BindBlob(1, key.Bytes).Bind(2, prefix).Bind(3, delimiter);
        for (int i = 0; i < keyValues.Length; i++)
        {
            update.Bind(i + 4, keyValues[i]);
        }

        replica.MergeDepth++;
        try
        {
            update.Run();
        }
        finally
        {
            replica.MergeDepth--;
        }
    }
}
