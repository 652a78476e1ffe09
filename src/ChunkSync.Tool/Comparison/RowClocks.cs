namespace ChunkSync.Tool;

/// <summary>The clocks of a table, row by row, in the order of keys. Those that a filter hides (db_version 0) are left out, and columns that nobody wrote in this
/// life of the row (version 0): a merge decides as if they were not there.</summary>
internal sealed class RowClocks : IDisposable
{
    private const string Known = "db_version IS NOT 0";

    private readonly Query query;
    private readonly RowProgress? seen;
    private bool isAtRow;

    /// <summary>Begins.</summary>
    /// <param name="file">The connection.</param>
    /// <param name="table">The table, in one of its databases.</param>
    /// <param name="seen">Counts the clocks; null where nobody wants to know.</param>
    public RowClocks(DatabaseFile file, TrackedTable table, RowProgress? seen)
    {
        this.seen = seen;
        query = new Query(file, $"SELECT pk, col_name, col_version FROM {table.Clocks} WHERE {Known} ORDER BY pk, col_name");
        isAtRow = query.Step();
    }

    /// <summary>The row's key.</summary>
    public byte[] Key { get; private set; } = [];

    /// <summary>The row's causal length: odd while it lives, 1 where no clock says it.</summary>
    public long CausalLength { get; private set; }

    /// <summary>The versions of its columns.</summary>
    public SortedDictionary<string, long> Versions { get; } = new(StringComparer.Ordinal);

    /// <summary>How many clocks there are.</summary>
    public static long Count(DatabaseFile file, TrackedTable table) => file.Number($"SELECT count(*) FROM {table.Clocks} WHERE {Known}");

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
            string column = query.Row.Text(1) ?? "";
            long version = query.Row.Number(2);
            if (column == RowLife.Column)
            {
                CausalLength = version;
            }
            else if (version != 0)
            {
                Versions[column] = version;
            }

            seen?.Add();
            isAtRow = query.Step();
        }
        while (isAtRow && query.Row.Blob(0).SequenceEqual(Key));

        return true;
    }

    /// <inheritdoc/>
    public void Dispose() => query.Dispose();
}
