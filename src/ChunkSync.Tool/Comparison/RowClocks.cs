using System.Text;

namespace ChunkSync.Tool;

/// <summary>The clocks of a table, row by row, in the order of keys. Those that a filter hides (db_version 0) are left out, and columns that nobody wrote in this
/// life of the row (version 0): a merge decides as if they were not there.</summary>
internal sealed class RowClocks : IDisposable
{
    private readonly Query query;
    private bool isAtRow;

    /// <summary>Begins.</summary>
    public RowClocks(DatabaseFile file, TrackedTable table)
    {
        query = new Query(file, $"SELECT pk, col_name, col_version FROM {table.Clocks} WHERE db_version IS NOT 0 ORDER BY pk, col_name");
        isAtRow = query.Step();
    }

    /// <summary>The row's key.</summary>
    public byte[] Key { get; private set; } = [];

    /// <summary>The row's causal length: odd while it lives, 1 where no clock says it.</summary>
    public long CausalLength { get; private set; }

    /// <summary>The versions of its columns.</summary>
    public SortedDictionary<string, long> Versions { get; } = new(StringComparer.Ordinal);

    /// <summary>Goes to the next row; false at the end.</summary>
    public bool Next()
    {
        if (!isAtRow)
        {
            return false;
        }

        Key = query.Row.Blob(0).ToArray();
        CausalLength = 1;
        Versions.Clear();
        do
        {
            string column = Encoding.UTF8.GetString(query.Row.Blob(1));
            long version = query.Row.Number(2);
            if (column == RowLife.Column)
            {
                CausalLength = version;
            }
            else if (version != 0)
            {
                Versions[column] = version;
            }

            isAtRow = query.Step();
        }
        while (isAtRow && query.Row.Blob(0).SequenceEqual(Key));

        return true;
    }

    /// <inheritdoc/>
    public void Dispose() => query.Dispose();
}
