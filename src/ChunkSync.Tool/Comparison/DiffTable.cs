namespace ChunkSync.Tool;

/// <summary>The differences of a table.</summary>
/// <param name="Table">Its name.</param>
/// <param name="Obstacle">Why it cannot be compared; null where it was.</param>
/// <param name="Differing">How many rows differ, by their values or by their clocks.</param>
/// <param name="OtherColumns">Columns that only one has.</param>
/// <param name="Rows">The first of the rows.</param>
internal sealed record DiffTable(string Table, string? Obstacle, long Differing, IReadOnlyList<string> OtherColumns, IReadOnlyList<DiffRow> Rows)
{
    /// <summary>Compares a table.</summary>
    public static DiffTable Of(DatabasePair pair, ComparedTable table, int limit, LackingChanges? lacking, RowProgress? seen)
    {
        if (table.Obstacle is string obstacle)
        {
            return new DiffTable(table.Name, obstacle, 0, [], []);
        }

        // Rows whose clocks differ and rows whose values do are mostly the same ones: each counts once.
        HashSet<string> keys = new(StringComparer.Ordinal);
        List<DiffRow> rows = [];
        _ = TableAnswer.Of(table, 0, seen, (row, clock) =>
        {
            byte[] pk = (row?.Pk ?? clock?.Pk)!;
            lacking?.Add(table, row, clock);
            if (keys.Add(Convert.ToHexString(pk)) && rows.Count < limit)
            {
                rows.Add(DiffRow.Of(pair, table, pk));
            }
        });
        return new DiffTable(table.Name, null, keys.Count, table.OtherColumns, rows);
    }
}
