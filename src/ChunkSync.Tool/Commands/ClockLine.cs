using System.Text.Json.Serialization;
using System.Text.Json.Serialization.Metadata;
using ChunkSync.Client;

namespace ChunkSync.Tool;

/// <summary>A clock: one column of one row, or a row's life.</summary>
/// <param name="Tbl">The table.</param>
/// <param name="Pk">The key as it travels, in hex.</param>
/// <param name="Key">The key as SQL literals.</param>
/// <param name="ColName">The column; <c>__[RIP]__</c> for the row's life.</param>
/// <param name="ColVersion">How often it was written.</param>
/// <param name="DbVersion">The version of this database with which it came.</param>
/// <param name="Seq">Its place there.</param>
/// <param name="SiteId">Who wrote it.</param>
/// <param name="Cl">The row's causal length: odd while it lives.</param>
/// <param name="ValueBytes">The length of the value; null for NULL.</param>
/// <param name="ValueType">The type of the value, where values are shown.</param>
/// <param name="ColValue">The value, where values are shown.</param>
internal sealed record ClockLine(
    string Tbl,
    string Pk,
    string Key,
    string ColName,
    long ColVersion,
    long DbVersion,
    long Seq,
    SiteId? SiteId,
    long Cl,
    long? ValueBytes,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] string? ValueType,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] SqlValue? ColValue) : CommandResult("chunksync.inspect.v1")
{
    /// <summary>Reads the clocks of a table, in the order of the stream; those of some keys, where they are given.</summary>
    public static IEnumerable<ClockLine> Read(DatabaseFile file, TrackedTable table, byte[][]? keys, bool hasValues)
    {
        int columns = Math.Max(1, table.KeyColumns(file).Count);
        string sql = $"SELECT hex(pk), {KeyLiteral.Sql(columns)}, col_name, col_version, db_version, seq, site_id, cl, octets"
            + $"{(hasValues ? ", col_value" : "")} FROM (SELECT *, length(CAST(col_value AS BLOB)) AS octets FROM cloudsync_changes WHERE tbl = ?1"
            + $"{(keys == null ? "" : $" AND pk IN ({string.Join(", ", keys.Select((_, i) => $"?{i + 2}"))})")})";
        return file.Rows(sql, [table.Name, .. keys ?? []]).Select(row =>
        {
            SqlValue? value = hasValues ? new SqlValue(row.Value(9)) : null;
            return new ClockLine(
                table.Name, row.Text(0)?.ToLowerInvariant() ?? "", row.Text(1) ?? "", row.Text(2) ?? "", row.Number(3), row.Number(4), row.Number(5), row.Site(6),
                row.Number(7), row.NumberOrNull(8), value?.Type, value);
        });
    }

    /// <inheritdoc/>
    public override JsonTypeInfo ToJsonType() => ToolJson.Instance.ClockLine;

    /// <inheritdoc/>
    public override void WriteText(TextOutput output) => output.Line(string.Join("  ", Cells(ColValue != null)));

    /// <summary>The line as cells of a table.</summary>
    public IReadOnlyList<string> Cells(bool hasValues) =>
    [
        Tbl, Key, RowLife.Name(ColName, Cl), TextOutput.Number(ColVersion), TextOutput.Number(DbVersion), TextOutput.Number(Seq), TextOutput.Number(Cl),
        ValueBytes is long bytes ? TextOutput.Number(bytes) : "–", $"{SiteId}", .. hasValues ? (string[])[ColValue?.Show() ?? ""] : [],
    ];
}
