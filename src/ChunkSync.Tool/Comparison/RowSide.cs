using ChunkSync.Client;

namespace ChunkSync.Tool;

/// <summary>A row in one of two databases, with its clocks.</summary>
internal sealed class RowSide
{
    private readonly Dictionary<string, SqlValue> values = new(StringComparer.OrdinalIgnoreCase);
    private readonly Dictionary<string, (long Version, SiteId? Site)> clocks = new(StringComparer.OrdinalIgnoreCase);

    /// <summary>Reads it.</summary>
    /// <param name="file">The connection.</param>
    /// <param name="table">The table, in one of its databases.</param>
    /// <param name="compared">The table in both.</param>
    /// <param name="pk">The row's key.</param>
    public RowSide(DatabaseFile file, TrackedTable table, ComparedTable compared, byte[] pk)
    {
        string key = string.Join(" AND ", compared.Keys.Select((column, i) => $"{Names.Quote(column)} IS cloudsync_pk_decode(?1, {i + 1})"));
        string[] columns = [.. compared.Keys, .. compared.Columns];
        foreach (QueryRow row in file.Rows($"SELECT {string.Join(", ", columns.Select(Names.Quote))} FROM {table.Quoted} WHERE {key}", pk))
        {
            for (int i = 0; i < columns.Length; i++)
            {
                values[columns[i]] = new SqlValue(row.Value(i));
            }
        }

        foreach (QueryRow row in file.Rows($"SELECT c.col_name, c.col_version, s.site_id FROM {table.Clocks} AS c LEFT JOIN {table.Schema}.cloudsync_site_id AS s"
            + " ON s.rowid = c.site_id WHERE c.pk = ?1 AND c.db_version IS NOT 0", pk))
        {
            clocks[row.Text(0) ?? ""] = (row.Number(1), row.Site(2));
        }
    }

    /// <summary>Whether the row is there.</summary>
    public bool IsThere => values.Count > 0;

    /// <summary>Its causal length: odd while it lives by its clocks; 0 where they do not know it.</summary>
    public long CausalLength => clocks.TryGetValue(RowLife.Column, out (long Version, SiteId? Site) life) ? life.Version : clocks.Count > 0 ? 1 : 0;

    /// <summary>Who wrote the row's life; where no clock of its own says it, the one that wrote a column.</summary>
    public SiteId? LifeSite => clocks.TryGetValue(RowLife.Column, out (long Version, SiteId? Site) life) ? life.Site : clocks.Values.Select(clock => clock.Site).FirstOrDefault();

    /// <summary>A value.</summary>
    public SqlValue Value(string column) => values.GetValueOrDefault(column) ?? new SqlValue(null);

    /// <summary>A column's version; 0 where it has none.</summary>
    public long Version(string column) => clocks.GetValueOrDefault(column).Version;

    /// <summary>Who wrote a column.</summary>
    public SiteId? Site(string column) => clocks.GetValueOrDefault(column).Site;
}
