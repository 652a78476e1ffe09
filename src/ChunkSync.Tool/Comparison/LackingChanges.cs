namespace ChunkSync.Tool;

/// <summary>The changes that the first database has and the second one lacks: those that win there.</summary>
internal sealed class LackingChanges
{
    private const string AllColumns = "*";

    private readonly DatabasePair pair;

    /// <summary>Begins, with a temporary table.</summary>
    public LackingChanges(DatabasePair pair)
    {
        this.pair = pair;
        pair.File.Run("CREATE TEMP TABLE lacking(tbl TEXT, pk BLOB, col TEXT, PRIMARY KEY (tbl, pk, col)) WITHOUT ROWID");
    }

    /// <summary>Takes a difference.</summary>
    public void Add(ComparedTable table, RowDifference? row, ClockDifference? clock)
    {
        if (clock != null && clock.LengthA > clock.LengthB)
        {
            Add(table, clock.Pk, AllColumns);
        }

        foreach (VersionDifference column in clock?.Columns ?? [])
        {
            if (column.A > column.B)
            {
                Add(table, clock!.Pk, column.Column);
            }
        }

        // Of equal version the values decide; clocks that differ are told by themselves.
        foreach (CellDifference cell in row?.Cells ?? [])
        {
            if (ValueOrder.Compare(cell.A, cell.B) > 0 && IsOfEqualVersion(table, row!.Pk, cell.Column.ToLowerInvariant()))
            {
                Add(table, row.Pk, cell.Column.ToLowerInvariant());
            }
        }
    }

    /// <summary>Makes a payload of them; null where there are none.</summary>
    /// <returns>The payload and the number of its changes.</returns>
    public (byte[] Payload, long Changes)? Encode()
    {
        using Query query = new(pair.File, $"""
            SELECT cloudsync_payload_encode(c.tbl, c.pk, c.col_name, c.col_value, c.col_version, c.db_version, c.site_id, c.cl, c.seq), count(*)
            FROM cloudsync_changes AS c
            WHERE EXISTS (SELECT 1 FROM temp.lacking AS l WHERE l.tbl = c.tbl AND l.pk = c.pk AND l.col IN ('{AllColumns}', c.col_name))
            """);
        return query.Step() && query.Row.Number(1) > 0 ? (query.Row.Blob(0).ToArray(), query.Row.Number(1)) : null;
    }

    private bool IsOfEqualVersion(ComparedTable table, byte[] pk, string column) =>
        pair.File.Number($"SELECT (SELECT col_version FROM {table.Left!.Clocks} WHERE pk = ?1 AND col_name = ?2)"
            + $" IS (SELECT col_version FROM {table.Right!.Clocks} WHERE pk = ?1 AND col_name = ?2)", pk, column) != 0;

    private void Add(ComparedTable table, byte[] pk, string column) =>
        pair.File.Run("INSERT OR IGNORE INTO temp.lacking VALUES (?1, ?2, ?3)", table.Left!.Name, pk, column);
}
