using ChunkSync.Catalog;
using ChunkSync.Format;
using ChunkSync.Keys;
using ChunkSync.Session;
using ChunkSync.Sqlite;

namespace ChunkSync.Capture;

/// <summary>Block columns of databases that sqlite-sync made (behaviour E.9): a text whose lines are clock rows of their own, named
/// column + 0x1F + position key, with the values in <c>&lt;tbl&gt;_cloudsync_blocks</c>.</summary>
internal static class BlockText
{
    /// <summary>Writes the live blocks, in position order, joined by the column's delimiter, into the base row. The write is not
    /// captured: its parts are.</summary>
    public static unsafe void Materialize(SyncSession session, TableCatalog catalog, TableKeys keys, TrackedTable table, string column, NativeBytes key)
    {
        int count = table.KeyColumns.Length;
        string blocks = table.QuotedBlocks;
        string condition = string.Join(" AND ", keys.Rules(table).Conditions);
        string delimiter = catalog.Settings.OfColumn(table.Name, column, TableSettingStore.Delimiter) ?? "\n";
        string prefix = AsciiNames.Lower(column) + (char)TrackedTable.BlockSeparator;
        using Statement update = session.Connection.Prepare(
            $"""
            UPDATE {table.Quoted} SET {Connection.Quote(column)} = (
                SELECT group_concat(col_value, ?{count + 3}) FROM (
                    SELECT b.col_value FROM {table.QuotedClock} AS c JOIN {blocks} AS b ON b.pk = c.pk AND b.col_name = c.col_name
                    WHERE c.pk = ?{count + 1} AND substr(c.col_name, 1, length(?{count + 2})) = ?{count + 2} AND c.col_version & 1
                    ORDER BY c.col_name))
            WHERE {condition}
            """);
        KeyBinder.Bind(update, table, key);
        update.BindStaticBlob(count + 1, key).Bind(count + 2, prefix).Bind(count + 3, delimiter);
        using MergeScope scope = session.Merging();
        int code = update.TryRun();
        if (code != ResultCode.Done)
        {
            EngineException failure = update.Failure(code);
            throw new EngineException(failure.Code, failure.Message) { IsOfRow = ResultCode.Primary(failure.Code) is ResultCode.Constraint or ResultCode.Mismatch };
        }
    }
}
