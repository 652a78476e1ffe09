using Microsoft.Data.Sqlite;

namespace ChunkSync.Samples.MainJob;

/// <summary>A tracked table: what its rows can collide by.</summary>
/// <param name="Name">The table.</param>
/// <param name="Columns">All columns that can be written.</param>
/// <param name="Key">The primary key.</param>
/// <param name="Unique">UNIQUE indexes beside the key over plain columns, each with those columns that do not belong to the key.</param>
/// <param name="References">Foreign keys of one column.</param>
/// <param name="Plain">Columns of neither.</param>
internal sealed record TableInfo(
    string Name, string[] Columns, string[] Key, List<string[]> Unique, List<(string Column, string Parent, string ParentColumn)> References, string[] Plain)
{
    /// <summary>The tracked tables of a database.</summary>
    public static List<TableInfo> Of(SqliteConnection connection) => [.. Sql.Names(connection,
        "SELECT name FROM sqlite_master AS t WHERE type = 'table' AND EXISTS (SELECT 1 FROM sqlite_master WHERE name = t.name || '_cloudsync')")
        .Select(table => Of(connection, table))];

    /// <summary>WHERE for one row, whose key values are bound with <see cref="Bind"/>.</summary>
    public string Where => string.Join(" AND ", Key.Select((column, i) => $"{Sql.Quote(column)} IS $key{i}"));

    /// <summary>The parameters of <see cref="Where"/>.</summary>
    public static (string, object?)[] Bind(object?[] key) => [.. key.Select((value, i) => ($"$key{i}", value))];

    private static TableInfo Of(SqliteConnection connection, string table)
    {
        List<object?[]> columns = Sql.Rows(connection, "SELECT name, pk FROM pragma_table_info($t) ORDER BY cid", ("$t", table));
        string[] names = [.. columns.Select(column => (string)column[0]!)];
        string[] key = [.. columns.Where(column => (long)column[1]! > 0).OrderBy(column => (long)column[1]!).Select(column => (string)column[0]!)];
        List<(string, string, string)> references = [.. Sql.Rows(connection, """
            SELECT "from", "table", coalesce("to", (SELECT name FROM pragma_table_info("table") WHERE pk = 1))
            FROM pragma_foreign_key_list($t) GROUP BY id HAVING count(*) = 1
            """, ("$t", table)).Where(row => row[2] != null).Select(row => ((string)row[0]!, (string)row[1]!, (string)row[2]!))];
        List<string[]> unique = [];
        foreach (string index in Sql.Names(connection,
            "SELECT name FROM pragma_index_list($t) WHERE \"unique\" AND origin <> 'pk' AND NOT partial", ("$t", table)))
        {
            List<object?[]> parts = Sql.Rows(connection, "SELECT name FROM pragma_index_info($i) ORDER BY seqno", ("$i", index));
            string[] own = [.. parts.Select(part => part[0] as string ?? "").Except(key)];
            if (own.Length > 0 && own.All(names.Contains))
            {
                unique.Add(own);
            }
        }

        string[] plain = [.. names.Except(key).Except(unique.SelectMany(own => own)).Except(references.Select(reference => reference.Item1))];
        return new TableInfo(table, names, key, unique, references, plain);
    }
}
