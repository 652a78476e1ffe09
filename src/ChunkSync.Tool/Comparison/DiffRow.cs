namespace ChunkSync.Tool;

/// <summary>A row that differs.</summary>
/// <param name="Table">Its table.</param>
/// <param name="Key">Its key as SQL literals.</param>
/// <param name="Pk">Its key as it travels, in hex.</param>
/// <param name="Columns">What differs.</param>
internal sealed record DiffRow(string Table, string Key, string Pk, IReadOnlyList<DiffCell> Columns)
{
    /// <summary>Looks at a row in both databases.</summary>
    public static DiffRow Of(DatabasePair pair, ComparedTable table, byte[] pk)
    {
        RowSide a = new(pair.File, table.Left!, table, pk);
        RowSide b = new(pair.File, table.Right!, table, pk);
        DiffCell[] cells = a.CausalLength != b.CausalLength || a.IsThere != b.IsThere
            ? [DiffCell.OfLife(a, b)]
            : [.. table.Columns.Concat(table.Keys).Where(column => a.Version(column) != b.Version(column) || !a.Value(column).IsSame(b.Value(column)))
                .Select(column => DiffCell.Of(column, a, b))];
        return new DiffRow(table.Name, table.Literal(pk), Convert.ToHexStringLower(pk), cells);
    }
}
