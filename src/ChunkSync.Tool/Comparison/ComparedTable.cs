namespace ChunkSync.Tool;

/// <summary>A table in two databases.</summary>
/// <param name="pair">The databases.</param>
/// <param name="left">The table in the first; null where it is not tracked there.</param>
/// <param name="right">The table in the second.</param>
internal sealed class ComparedTable(DatabasePair pair, TrackedTable? left, TrackedTable? right)
{
    private long? rowsHere;
    private long? rowsThere;
    private long? clockCount;

    /// <summary>The table in the first database; null where it is not tracked there.</summary>
    public TrackedTable? Left => left;

    /// <summary>The table in the second one.</summary>
    public TrackedTable? Right => right;

    /// <summary>Its name.</summary>
    public string Name => (left ?? right)!.Name;

    /// <summary>Why the tables cannot be compared; null where they can.</summary>
    public string? Obstacle
    {
        get
        {
            if (left == null || right == null)
            {
                return $"is tracked only in {(left == null ? pair.Other : pair.File.Path)}";
            }

            foreach ((TrackedTable table, string path) in ((TrackedTable, string)[])[(left, pair.File.Path), (right, pair.Other)])
            {
                if (!table.HasRows || !table.HasClocks)
                {
                    return $"{(table.HasRows ? "has no clocks" : "is gone")} in {path}";
                }
            }

            return Keys.SequenceEqual(right.KeyColumns(pair.File), StringComparer.OrdinalIgnoreCase) && Keys.Count > 0 ? null : "has another key in each";
        }
    }

    /// <summary>The columns of the key.</summary>
    public IReadOnlyList<string> Keys => field ??= left!.KeyColumns(pair.File);

    /// <summary>The columns outside the key that both have.</summary>
    public IReadOnlyList<string> Columns => field ??=
        [.. left!.Columns(pair.File).Except(Keys).Intersect(right!.Columns(pair.File), StringComparer.OrdinalIgnoreCase)];

    /// <summary>The columns that only one has.</summary>
    public IReadOnlyList<string> OtherColumns => field ??=
    [
        .. left!.Columns(pair.File).Except(right!.Columns(pair.File), StringComparer.OrdinalIgnoreCase),
        .. right!.Columns(pair.File).Except(left!.Columns(pair.File), StringComparer.OrdinalIgnoreCase),
    ];

    /// <summary>The number of rows of the first database.</summary>
    public long RowsHere => rowsHere ??= pair.File.Number($"SELECT count(*) FROM {left!.Rows}");

    /// <summary>How many rows and clocks a comparison looks at; 0 where there is none.</summary>
    public long Work => Obstacle == null ? RowsHere + RowsThere + ClockCount : 0;

    private long RowsThere => rowsThere ??= pair.File.Number($"SELECT count(*) FROM {right!.Rows}");

    private long ClockCount => clockCount ??= RowClocks.Count(pair.File, left!) + RowClocks.Count(pair.File, right!);

    /// <summary>Rows that only one has, or that have other values: by keys, values by type and bytes.</summary>
    /// <param name="seen">Counts the rows; null where nobody wants to know.</param>
    public IEnumerable<RowDifference> DifferentRows(RowProgress? seen)
    {
        string[] all = [.. Keys, .. Columns];
        string join = string.Join(" AND ", Keys.Select(key => $"a.{Names.Quote(key)} IS b.{Names.Quote(key)}"));
        string values = string.Join(", ", all.Select(column => $"a.{Names.Quote(column)}, b.{Names.Quote(column)}"));

        // Of the same type and equal byte for byte: 1 and 1.0 differ, and so do texts that a collation takes for equal.
        string differs = string.Join(" OR ", all.Select(column => Differs(Names.Quote(column))));
        string key = string.Join(", ", Keys.Select(name => "a." + Names.Quote(name)));
        string present = Names.Quote(Names.Unused("present", all));
        string there = $"(SELECT {string.Join(", ", all.Select(Names.Quote))}, 1 AS {present} FROM {right!.Rows})";
        string count = seen == null ? "" : $"{DatabasePair.Seen}(a.{Names.Quote(Keys[0])}) AND ";
        seen?.Begin(RowsHere);
        foreach (QueryRow row in pair.File.Rows(
            $"SELECT b.{present}, cloudsync_pk_encode({key}), {values} FROM {left!.Rows} AS a LEFT JOIN {there} AS b ON {join}"
            + $" WHERE {count}(b.{present} IS NULL OR {differs})"))
        {
            yield return row.IsNull(0)
                ? new RowDifference(RowDifferenceKind.Missing, row.Blob(1).ToArray(), [])
                : new RowDifference(RowDifferenceKind.Changed, row.Blob(1).ToArray(), Cells(row, all));
        }

        seen?.End();
        seen?.Begin(RowsThere);
        foreach (QueryRow row in pair.File.Rows(
            $"SELECT cloudsync_pk_encode({key}) FROM {right.Rows} AS a WHERE {count}NOT EXISTS (SELECT 1 FROM {left.Rows} AS b WHERE {join})"))
        {
            yield return new RowDifference(RowDifferenceKind.Extra, row.Blob(0).ToArray(), []);
        }

        seen?.End();
    }

    /// <summary>Rows of which the clocks decide otherwise: causal lengths and versions. Who wrote a value does not decide, nor where it stands in the
    /// database's own stream.</summary>
    /// <param name="seen">Counts the clocks; null where nobody wants to know.</param>
    public IEnumerable<ClockDifference> DifferentClocks(RowProgress? seen)
    {
        seen?.Begin(ClockCount);
        using RowClocks here = new(pair.File, left!, seen);
        using RowClocks there = new(pair.File, right!, seen);
        bool isHere = here.Next();
        bool isThere = there.Next();
        while (isHere || isThere)
        {
            int order = !isHere ? 1 : !isThere ? -1 : here.Key.AsSpan().SequenceCompareTo(there.Key);
            if (order == 0)
            {
                if (ClockDifference.Of(here.Key, here, there) is ClockDifference difference)
                {
                    yield return difference;
                }

                isHere = here.Next();
                isThere = there.Next();
            }
            else if (order < 0)
            {
                yield return ClockDifference.Of(here.Key, here, null)!;
                isHere = here.Next();
            }
            else
            {
                yield return ClockDifference.Of(there.Key, null, there)!;
                isThere = there.Next();
            }
        }

        seen?.End();
    }

    /// <summary>A key as SQL literals.</summary>
    public string Literal(byte[] pk) => pair.File.Text($"SELECT {KeyLiteral.Sql(Keys.Count, "?1")}", pk) ?? "";

    private static string Differs(string column) =>
        $"typeof(a.{column}) <> typeof(b.{column}) OR a.{column} IS NOT b.{column} COLLATE BINARY";

    private static List<CellDifference> Cells(QueryRow row, string[] columns)
    {
        List<CellDifference> cells = [];
        for (int i = 0; i < columns.Length; i++)
        {
            SqlValue a = new(row.Value(2 + (2 * i)));
            SqlValue b = new(row.Value(3 + (2 * i)));
            if (!a.IsSame(b))
            {
                cells.Add(new CellDifference(columns[i], a, b));
            }
        }

        return cells;
    }
}
