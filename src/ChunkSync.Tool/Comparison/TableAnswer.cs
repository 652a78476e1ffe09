using System.Text.Json.Serialization;

namespace ChunkSync.Tool;

/// <summary>How a table compares in two databases.</summary>
/// <param name="Table">Its name.</param>
/// <param name="Obstacle">Why it cannot be compared; null where it was.</param>
/// <param name="Rows">Its rows in the first database.</param>
/// <param name="RowsEqual">Those that the second one has, too, with the same values.</param>
/// <param name="Changed">Rows with other values.</param>
/// <param name="Missing">Rows that only the first database has.</param>
/// <param name="Extra">Rows that only the second one has.</param>
/// <param name="Versions">Rows of which a column has another version.</param>
/// <param name="Lives">Rows with another causal length: a deletion, or a new life, that one has not heard of.</param>
/// <param name="OtherColumns">Columns that only one has.</param>
/// <param name="Differences">The first differences.</param>
internal sealed record TableAnswer(
    string Table,
    string? Obstacle,
    long Rows,
    long RowsEqual,
    long Changed,
    long Missing,
    long Extra,
    long Versions,
    long Lives,
    IReadOnlyList<string> OtherColumns,
    IReadOnlyList<Difference> Differences)
{
    /// <summary>Whether both hold the same rows and the same winners.</summary>
    public bool Equal => Obstacle == null && Changed + Missing + Extra + Versions + Lives + OtherColumns.Count == 0;

    /// <summary>The rows that differ.</summary>
    [JsonIgnore]
    public long RowsDiffer => Changed + Missing + Extra;

    /// <summary>Compares a table.</summary>
    /// <param name="table">The table.</param>
    /// <param name="limit">How many differences are listed.</param>
    /// <param name="seen">Counts what was looked at; null where nobody wants to know.</param>
    /// <param name="see">Is told every difference; null where nobody wants them.</param>
    public static TableAnswer Of(ComparedTable table, long limit, RowProgress? seen, Action<RowDifference?, ClockDifference?>? see = null)
    {
        if (table.Obstacle is string obstacle)
        {
            return new TableAnswer(table.Name, obstacle, 0, 0, 0, 0, 0, 0, 0, [], []);
        }

        long[] kinds = new long[3];
        List<Difference> differences = [];
        foreach (RowDifference row in table.DifferentRows(seen))
        {
            kinds[(int)row.Kind]++;
            see?.Invoke(row, null);
            if (differences.Count < limit)
            {
                differences.Add(Difference.Of(table, row));
            }
        }

        (long versions, long lives) = (0, 0);
        foreach (ClockDifference clock in table.DifferentClocks(seen))
        {
            (versions, lives) = clock.LengthA == clock.LengthB ? (versions + 1, lives) : (versions, lives + 1);
            see?.Invoke(null, clock);
            if (differences.Count < limit)
            {
                differences.Add(Difference.Of(table, clock));
            }
        }

        long rows = table.RowsHere;
        long changed = kinds[(int)RowDifferenceKind.Changed];
        long missing = kinds[(int)RowDifferenceKind.Missing];
        return new TableAnswer(
            table.Name, null, rows, rows - changed - missing, changed, missing, kinds[(int)RowDifferenceKind.Extra], versions, lives, table.OtherColumns, differences);
    }
}
