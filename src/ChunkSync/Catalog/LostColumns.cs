using ChunkSync.Format;
using ChunkSync.Sqlite;

namespace ChunkSync.Catalog;

/// <summary>What remains in the metadata of columns that a table does not have any more.</summary>
internal static class LostColumns
{
    /// <summary>The column of a clock: a block's clock is named by its column, the separator and its position.</summary>
    private static readonly string BlockColumn =
        $"CASE instr(col_name, {Separator}) WHEN 0 THEN col_name ELSE substr(col_name, 1, instr(col_name, {Separator}) - 1) END";

    private static string Separator => $"char({TrackedTable.BlockSeparator})";

    /// <summary>Removes clocks, and of block columns blocks and settings. Names are compared without ASCII case: an INSERT into
    /// <c>cloudsync_changes</c> stores a name as it was given.</summary>
    public static void Forget(Connection connection, TrackedTable table)
    {
        string names = string.Join(", ", table.ClockColumns.Select(column => Connection.Literal(column.ClockName)));
        string lost = $"col_name COLLATE NOCASE NOT IN ({names})";
        if (table.HasBlocks)
        {
            lost += $" AND {BlockColumn} COLLATE NOCASE NOT IN ({names})";
            connection.Execute($"DELETE FROM {table.QuotedBlocks} WHERE {lost}");
            connection.Execute($"DELETE FROM main.{TableSettingStore.Table.Name} WHERE tbl_name = {Connection.Literal(table.Name)}"
                + $" AND key IN ('{TableSettingStore.Algorithm}', '{TableSettingStore.Delimiter}') AND col_name <> '{TableSettingStore.WholeTable}' AND col_name NOT IN ({names})");
        }

        connection.Execute($"DELETE FROM {table.QuotedClock} WHERE col_name <> '{SentinelColumn.Name}' AND {lost}");
    }
}
