namespace ChunkSync.Tool;

/// <summary>A difference, for the list.</summary>
/// <param name="Kind"><c>changed</c>, <c>missing</c> (only the first has the row), <c>extra</c> (only the second), <c>version</c> or <c>life</c>.</param>
/// <param name="Key">The key as SQL literals.</param>
/// <param name="Pk">The key as it travels, in hex.</param>
/// <param name="Columns">What differs, with both sides.</param>
internal sealed record Difference(string Kind, string Key, string Pk, IReadOnlyList<DifferenceColumn> Columns)
{
    /// <summary>Of a row.</summary>
    public static Difference Of(ComparedTable table, RowDifference row) => new(
        row.Kind switch { RowDifferenceKind.Changed => "changed", RowDifferenceKind.Missing => "missing", _ => "extra" },
        table.Literal(row.Pk),
        Convert.ToHexStringLower(row.Pk),
        [.. row.Cells.Select(cell => new DifferenceColumn(cell.Column, cell.A, cell.B))]);

    /// <summary>Of a row's clocks: versions, or the causal length.</summary>
    public static Difference Of(ComparedTable table, ClockDifference clock) => new(
        clock.LengthA == clock.LengthB ? "version" : "life",
        table.Literal(clock.Pk),
        Convert.ToHexStringLower(clock.Pk),
        clock.LengthA == clock.LengthB
            ? [.. clock.Columns.Select(column => new DifferenceColumn(column.Column, new SqlValue(column.A), new SqlValue(column.B)))]
            : [new DifferenceColumn("cl", new SqlValue(clock.LengthA), new SqlValue(clock.LengthB))]);

    /// <summary>It in a few words.</summary>
    public override string ToString() => Kind switch
    {
        "missing" => $"{Key}: only in the first",
        "extra" => $"{Key}: only in the second",
        "version" => $"{Key}: version of {Pairs()}",
        "life" => $"{Key}: {Life(Columns[0].A)} | {Life(Columns[0].B)}",
        _ => $"{Key}: {Pairs()}",
    };

    private static string Life(SqlValue length) => length.Content switch
    {
        0L => "never known",
        long value => $"{(value % 2 == 0 ? "deleted" : "living")} (causal length {value})",
        _ => "",
    };

    private string Pairs() => string.Join(", ", Columns.Select(column => $"{column.ColName} {column.A.Show()} | {column.B.Show()}"));
}
