using System.Text;
using ChunkSync.Catalog;
using ChunkSync.Format;
using ChunkSync.Sqlite;

namespace ChunkSync.Capture;

/// <summary>The TEMP triggers of a table with a filter: they see rows go out of it and come in again, where the table's own triggers, which
/// have the text of sqlite-sync, see one side only. Made and kept by <see cref="ReplaceTriggers"/>.</summary>
/// <remarks>Like those of <see cref="ReplaceGuard"/> their text can be compiled whatever another connection made of the table: a column that
/// is gone counts as NULL, and <see cref="Id"/> shows that the triggers are those of another schema.</remarks>
internal static class FilterTriggers
{
    /// <summary>The function that they call: table, id, event, whether the filter is true of the old and of the new row, the new key, the
    /// old key.</summary>
    public const string Function = "chunksync_filtered";

    /// <summary>Arguments in front of the keys.</summary>
    public const int Heading = 5;

    /// <summary>Longer keys do not fit twice into a call. For them nothing is seen but what the table's own triggers see.</summary>
    private const int MaxKeyColumns = (127 - Heading) / 2;

    /// <summary>The triggers of a table: name, and what stands behind CREATE TRIGGER. None without a filter.</summary>
    public static IEnumerable<(string Name, string Text)> Of(TrackedTable table) =>
        table.Filter == null || table.KeyColumns.Length is 0 or > MaxKeyColumns
            ? []
            :
            [
                Make(table, "chunksync_filter_before_", "BEFORE INSERT", FilterEvent.Inserting, hasOld: false, hasNew: true),
                Make(table, "chunksync_filter_move_", "BEFORE UPDATE OF " + KeyNames(table), FilterEvent.Moving, hasOld: false, hasNew: true),
                Make(table, "chunksync_filter_insert_", "AFTER INSERT", FilterEvent.Inserted, hasOld: false, hasNew: true),
                Make(table, "chunksync_filter_update_", "AFTER UPDATE", FilterEvent.Updated, hasOld: true, hasNew: true),
                Make(table, "chunksync_filter_delete_", "AFTER DELETE", FilterEvent.Deleted, hasOld: true, hasNew: false),
            ];

    /// <summary>Tells the triggers of this schema and filter from those of another.</summary>
    public static long Id(TrackedTable table) => (long)Fnv1a64.Of(Encoding.UTF8.GetBytes(
        string.Join('\0', table.Columns.Select(column => column.Quoted).Append(table.Filter))));

    /// <summary>The key's columns, and where it is the rowid that one's three names.</summary>
    private static string KeyNames(TrackedTable table)
    {
        IEnumerable<string> aliases = UniqueIndex.HasIntegerKey(table) ? ["rowid", "oid", "_rowid_"] : [];
        return string.Join(", ", table.KeyColumns.Select(column => column.Name).Union(aliases).Select(Connection.Quote));
    }

    private static (string Name, string Text) Make(
        TrackedTable table, string prefix, string time, FilterEvent what, bool hasOld, bool hasNew)
    {
        string name = prefix + table.Name;
        string call = $"{Function}({Connection.Literal(table.Name)}, {Id(table)}, {(int)what}, {Side("old", hasOld)}, {Side("new", hasNew)}"
            + Keys("new", hasNew) + Keys("old", hasOld) + ")";
        call = Guarded(Guarded(call, "old", hasOld), "new", hasNew);
        return (name, $"{Connection.Quote(name)} {time} ON {table.Quoted} BEGIN SELECT {call}; END");

        string Side(string row, bool isThere) =>
            isThere ? $"({FilterExpression.Qualify(table.Filter!, table.Columns, row)}\n) IS TRUE" : "0";

        string Keys(string row, bool isThere) =>
            isThere ? string.Concat(table.KeyColumns.Select(column => $", {row}.{column.Quoted}")) : "";

        // A name is looked up in the row first, and then in the FROM around it.
        string Guarded(string inner, string row, bool isThere)
        {
            IEnumerable<string> names = table.Columns.Where(column => inner.Contains($"{row}.{column.Quoted}", StringComparison.Ordinal))
                .Select(column => $"NULL AS {column.Quoted}");
            return isThere ? $"(SELECT (SELECT {inner}) FROM (SELECT {string.Join(", ", names)}) AS {row})" : inner;
        }
    }
}
