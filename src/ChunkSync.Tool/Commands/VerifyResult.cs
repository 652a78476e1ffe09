using System.Text.Json.Serialization.Metadata;

namespace ChunkSync.Tool;

/// <summary>How two databases compare.</summary>
/// <param name="A">The first one.</param>
/// <param name="B">The second one.</param>
/// <param name="Equal">Whether all tables hold equal rows and equal winners.</param>
/// <param name="Tables">Each table.</param>
internal sealed record VerifyResult(string A, string B, bool Equal, IReadOnlyList<TableAnswer> Tables) : CommandResult("chunksync.verify.v1")
{
    /// <inheritdoc/>
    public override ExitCode ToExitCode() => Equal ? ExitCode.Done : ExitCode.Differs;

    /// <inheritdoc/>
    public override JsonTypeInfo ToJsonType() => ToolJson.Instance.VerifyResult;

    /// <inheritdoc/>
    public override void WriteText(TextOutput output)
    {
        foreach (TableAnswer table in Tables)
        {
            output.Line($"{table.Table}: {Text(table)}");
        }
    }

    private static string Text(TableAnswer table)
    {
        if (table.Obstacle != null)
        {
            return table.Obstacle;
        }

        List<string> parts = [];
        Add(table.RowsDiffer, table.RowsDiffer == 1 ? "row differs" : "rows differ");
        Add(table.Lives, table.Lives == 1 ? "row lives or is deleted in one only" : "rows live or are deleted in one only");
        Add(table.Versions, table.Versions == 1 ? "row has other versions" : "rows have other versions");
        if (table.OtherColumns.Count > 0)
        {
            parts.Add($"columns in one only: {string.Join(", ", table.OtherColumns)}");
        }

        return parts.Count == 0
            ? $"{TextOutput.Count(table.Rows, "row")} equal"
            : string.Join(", ", parts) + (table.Differences is [Difference first, ..] ? $" (first key {first})" : "");

        void Add(long count, string what)
        {
            if (count > 0)
            {
                parts.Add($"{TextOutput.Number(count)} {what}");
            }
        }
    }
}
