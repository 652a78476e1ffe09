using System.Text.Json.Serialization;
using System.Text.Json.Serialization.Metadata;
using ChunkSync.Client;

namespace ChunkSync.Tool;

/// <summary>A change of a payload.</summary>
/// <param name="Kind">Which line it is: <c>change</c>, or <c>fragment</c>.</param>
/// <param name="RowIndex">Which one, from 0.</param>
/// <param name="Tbl">The table.</param>
/// <param name="Pk">The key, in hex.</param>
/// <param name="Key">The key as SQL literals.</param>
/// <param name="ColName">The column.</param>
/// <param name="ValueType">The type of the value.</param>
/// <param name="ColValue">The value; of a fragment its bytes.</param>
/// <param name="ColVersion">How often it was written.</param>
/// <param name="DbVersion">The sender's version.</param>
/// <param name="SiteId">Who wrote it.</param>
/// <param name="Cl">The row's causal length.</param>
/// <param name="Seq">Its place in the version.</param>
/// <param name="ValueId">Which long value a fragment is of.</param>
/// <param name="FragPart">Which part it is, from 0.</param>
/// <param name="FragParts">Of how many.</param>
/// <param name="FragTotalSize">The value's length.</param>
internal sealed record DumpedChange(
    string Kind,
    long RowIndex,
    string Tbl,
    string Pk,
    string Key,
    string ColName,
    string ValueType,
    SqlValue ColValue,
    long ColVersion,
    long DbVersion,
    SiteId? SiteId,
    long Cl,
    long Seq,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] string? ValueId,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] long? FragPart,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] long? FragParts,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] long? FragTotalSize) : CommandResult("chunksync.dump.v1")
{
    private static readonly string Sql = $"""
        SELECT row_index, tbl, hex(pk), {KeyLiteral.SqlOfAny("r.pk")}, coalesce(frag_column, col_name), col_value, col_version, db_version, site_id, cl, seq,
            frag_value_id, frag_part, frag_parts, frag_total_size
        FROM cloudsync_payload_rows(?1) AS r
        """;

    /// <summary>The changes of a payload, as they are asked for; those before a broken one come.</summary>
    public static IEnumerable<DumpedChange> Read(DatabaseFile memory, byte[] payload) => payload.Length == 0 ? [] : memory.Rows(Sql, payload).Select(row =>
    {
        SqlValue value = new(row.Value(5));
        return new DumpedChange(
            row.IsNull(11) ? "change" : "fragment", row.Number(0), row.Text(1) ?? "", row.Text(2)?.ToLowerInvariant() ?? "", row.Text(3) ?? "", row.Text(4) ?? "",
            value.Type, value, row.Number(6), row.Number(7), row.Site(8), row.Number(9), row.Number(10),
            row.Text(11), row.NumberOrNull(12), row.NumberOrNull(13), row.NumberOrNull(14));
    });

    /// <inheritdoc/>
    public override JsonTypeInfo ToJsonType() => ToolJson.Instance.DumpedChange;

    /// <inheritdoc/>
    public override void WriteText(TextOutput output) => output.Line(string.Join("  ", Cells(false)));

    /// <summary>The change as cells of a table.</summary>
    public IReadOnlyList<string> Cells(bool isHex) =>
    [
        Tbl, Key, RowLife.Name(ColName, Cl),
        FragPart is long part ? $"part {part + 1} of {FragParts} of {TextOutput.Count(FragTotalSize ?? 0, "byte")}" : ColName == RowLife.Column ? "" : ColValue.Show(isHex),
        TextOutput.Number(ColVersion), TextOutput.Number(DbVersion), TextOutput.Number(Seq), TextOutput.Number(Cl), $"{SiteId}",
    ];
}
