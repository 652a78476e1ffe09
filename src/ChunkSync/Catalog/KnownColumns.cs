namespace ChunkSync.Catalog;

/// <summary>The columns of base tables, remembered with the text of their CREATE TABLE: while that is the same, so are they.</summary>
internal sealed class KnownColumns
{
    private sealed record Table(byte[] Sql, List<TableColumn> Columns);

    private Dictionary<string, Table> seen = [];
    private Dictionary<string, Table> before = [];

    /// <summary>The schema is about to be read again: what is not seen in it is forgotten with the next time.</summary>
    public void Begin()
    {
        (before, seen) = (seen, before);
        seen.Clear();
    }

    /// <summary>The schema has a table.</summary>
    /// <param name="name">Its name in lower case.</param>
    /// <param name="sql">Its text.</param>
    public void See(string name, ReadOnlySpan<byte> sql)
    {
        if (before.TryGetValue(name, out Table? table) && sql.SequenceEqual(table.Sql))
        {
            seen.Add(name, table);
        }
    }

    /// <summary>The columns of a table that was seen and had the same text the time before; null for others.</summary>
    public List<TableColumn>? Find(string name) => seen.TryGetValue(name, out Table? table) ? table.Columns : null;

    /// <summary>Remembers the columns of a table that was not known.</summary>
    public void Add(string name, ReadOnlySpan<byte> sql, List<TableColumn> columns) => seen[name] = new Table(sql.ToArray(), columns);
}
