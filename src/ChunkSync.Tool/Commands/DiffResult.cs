using System.Text.Json.Serialization.Metadata;

namespace ChunkSync.Tool;

/// <summary>How two databases differ.</summary>
/// <param name="A">The first one.</param>
/// <param name="B">The second one.</param>
/// <param name="Equal">Whether nothing differs.</param>
/// <param name="Tables">The tables.</param>
/// <param name="Payload">What was written; null where nothing was.</param>
internal sealed record DiffResult(string A, string B, bool Equal, IReadOnlyList<DiffTable> Tables, DiffPayload? Payload) : CommandResult("chunksync.diff.v1")
{
    /// <inheritdoc/>
    public override ExitCode ToExitCode() => Equal ? ExitCode.Done : ExitCode.Differs;

    /// <inheritdoc/>
    public override JsonTypeInfo ToJsonType() => ToolJson.Instance.DiffResult;

    /// <inheritdoc/>
    public override void WriteText(TextOutput output)
    {
        foreach (DiffTable table in Tables)
        {
            string columns = table.OtherColumns.Count == 0 ? "" : $", columns in one only: {string.Join(", ", table.OtherColumns)}";
            output.Line($"{table.Table}: {table.Obstacle ?? (table.Differing == 0 ? "equal" : $"{TextOutput.Count(table.Differing, "row")} of other content")}{columns}");
        }

        if (Tables.Any(table => table.Rows.Count > 0))
        {
            output.Line();
            output.Table(["table", "key", "column", "in A", "in B", ">version A", ">B", "wins", "written by"], Tables.SelectMany(table => table.Rows).SelectMany(row =>
                row.Columns.Select(cell => (string[])
                [
                    row.Table, row.Key, RowLife.Name(cell.ColName, 1), cell.Show(true), cell.Show(false), TextOutput.Number(cell.VersionA),
                    TextOutput.Number(cell.VersionB), cell.Wins?.ToUpperInvariant() ?? "–", $"{(cell.Wins == "b" ? cell.SiteB : cell.SiteA)}",
                ])));
        }

        foreach (DiffTable table in Tables.Where(table => table.Differing > table.Rows.Count))
        {
            output.Line($"{table.Table}: {TextOutput.Count(table.Differing - table.Rows.Count, "row")} more; --limit shows more");
        }

        if (Payload is DiffPayload payload)
        {
            output.Line($"{payload.File}: {TextOutput.Count(payload.Changes, "change")}, {TextOutput.Count(payload.Bytes, "byte")};"
                + " apply it with --no-checkpoint, because it is no part of a stream");
        }
    }
}
