using ChunkSync.Tests.Host;

namespace ChunkSync.Tests.Histories;

/// <summary>The rows of a table: key to column to value.</summary>
internal sealed class OrmRows : Dictionary<string, Dictionary<string, object?>>
{
    public static OrmRows Read(Database database, string table)
    {
        string[] columns = [.. database.Query($"SELECT name FROM pragma_table_info('{table}') WHERE pk = 0").Select(row => (string)row[0]!)];
        OrmRows rows = [];
        foreach (object?[] row in database.Query($"SELECT id{string.Concat(columns.Select(column => ", " + column))} FROM {table}"))
        {
            rows[(string)row[0]!] = columns.Select((column, i) => (column, row[i + 1])).ToDictionary(cell => cell.column, cell => cell.Item2);
        }

        return rows;
    }

    /// <summary>One line for each row, in order.</summary>
    public string[] Lines() =>
    [
        .. this.OrderBy(row => row.Key, StringComparer.Ordinal).Select(row => row.Key + ": "
            + string.Join(", ", row.Value.OrderBy(cell => cell.Key, StringComparer.Ordinal).Select(cell => $"{cell.Key}={cell.Value ?? "NULL"}"))),
    ];
}
