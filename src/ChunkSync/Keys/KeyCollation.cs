using ChunkSync.Catalog;
using ChunkSync.Sqlite;

namespace ChunkSync.Keys;

/// <summary>The collations of a primary key: that of its index decides which rows are the same to SQLite; that of the column decides what a
/// comparison with it finds, of foreign keys, of the user, and of other libraries that write the table (WHERE id = ?).</summary>
internal static class KeyCollation
{
    /// <summary>The first key column with another collation than BINARY, in its index or of its own; null when there is none, as for a key
    /// that is the rowid.</summary>
    /// <param name="connection">The connection.</param>
    /// <param name="table">A table of <c>main</c>.</param>
    /// <param name="keys">Its key columns.</param>
    public static (string Column, string Collation)? FirstNotBinary(Connection connection, string table, List<TableColumn> keys) =>
        FirstNotBinary(connection, table, keys, OfIndex(connection, table).SelectMany(column => column, (column, collation) => (column.Key, collation)));

    /// <summary>The same where the collations of the key's index are known.</summary>
    /// <param name="connection">The connection.</param>
    /// <param name="table">A table of <c>main</c>.</param>
    /// <param name="keys">Its key columns.</param>
    /// <param name="ofIndex">Columns of the index with their collations; none when the key is the rowid.</param>
    public static (string Column, string Collation)? FirstNotBinary(
        Connection connection, string table, List<TableColumn> keys, IEnumerable<(string Column, string Collation)> ofIndex)
    {
        // A column can be in the key twice, by two collations.
        ILookup<string, string> indexed = ofIndex.ToLookup(entry => entry.Column, entry => entry.Collation);
        foreach (TableColumn key in indexed.Count > 0 ? keys : [])
        {
            string declared = connection.CollationOf("main", table, key.Name) ?? KeyColumnRule.Binary;
            string? other = indexed[key.Name].Append(declared)
                .FirstOrDefault(collation => !collation.Equals(KeyColumnRule.Binary, StringComparison.OrdinalIgnoreCase));
            if (other != null)
            {
                return (key.Name, other);
            }
        }

        return null;
    }

    /// <summary>The collations of the key's index by column; empty when the key is the rowid, which has no index.</summary>
    public static ILookup<string, string> OfIndex(Connection connection, string table)
    {
        using Statement index = connection.Prepare(
            "SELECT x.name, x.coll FROM pragma_index_list(?1, 'main') AS l, pragma_index_xinfo(l.name, 'main') AS x"
            + " WHERE l.origin = 'pk' AND x.key AND x.name IS NOT NULL");
        index.Bind(1, table);
        List<(string Column, string Collation)> found = [];
        while (index.Step())
        {
            found.Add((index.String(0), index.String(1)));
        }

        return found.ToLookup(entry => entry.Column, entry => entry.Collation);
    }
}
