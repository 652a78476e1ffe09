using ChunkSync.Catalog;
using ChunkSync.Sqlite;

namespace ChunkSync.Keys;

/// <summary>Looks up rows of a tracked table by the key that their clocks have.</summary>
internal sealed unsafe class BaseRows : IDisposable
{
    private readonly TrackedTable table;
    private readonly Statement find;
    private readonly KeyBuffer found = new(null);

    public BaseRows(Connection connection, TrackedTable table)
    {
        this.table = table;
        string keys = string.Join(", ", table.KeyColumns.Select(column => column.Quoted));
        string where = string.Join(" AND ", table.KeyColumns.Select((column, i) => $"{column.Quoted} = ?{i + 1}"));
        find = connection.Prepare($"SELECT {keys} FROM {table.Quoted} WHERE {where}");
    }

    /// <summary>Whether the table has a row with exactly this key: 'k' and 'K' are two keys also where SQLite takes them for equal.</summary>
    public bool Has(KeyBuffer key)
    {
        bool same = false;
        if (KeyBinder.TryBind(find, table, key.Native))
        {
            while (!same && find.Step())
            {
                same = found.TryRead(find, table.KeyColumns.Length) && found.Bytes.SequenceEqual(key.Bytes);
            }

            find.Reset();
        }

        find.ClearBindings();
        return same;
    }

    public void Dispose()
    {
        find.Dispose();
        found.Dispose();
    }
}
