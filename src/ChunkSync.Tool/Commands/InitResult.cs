using System.Text.Json.Serialization.Metadata;
using ChunkSync.Client;

namespace ChunkSync.Tool;

/// <summary>Tables that were tracked, or could be.</summary>
/// <param name="Database">The file.</param>
/// <param name="SiteId">The database's id where tables were tracked; null where nothing was done.</param>
/// <param name="Tables">The tables.</param>
internal sealed record InitResult(string Database, SiteId? SiteId, IReadOnlyList<TableChoice> Tables) : CommandResult("chunksync.init.v1")
{
    /// <inheritdoc/>
    public override JsonTypeInfo ToJsonType() => ToolJson.Instance.InitResult;

    /// <inheritdoc/>
    public override void WriteText(TextOutput output)
    {
        if (SiteId is SiteId site)
        {
            output.Line($"tracked: {string.Join(", ", Tables.Select(table => table.Table))}; this database is site {site}");
            return;
        }

        if (Tables.Count == 0)
        {
            output.Line("there is no table");
        }

        foreach (TableChoice table in Tables)
        {
            output.Line($"{table.Table}: {(table.IsTracked ? "tracked" : table.CanBeTracked ? "can be tracked" : $"cannot be tracked: {table.Reason?.TrimEnd('.')}{Cure(table)}")}");
        }
    }

    private static string Cure(TableChoice table) => table.Cure == null ? "" : "; " + table.Cure;
}
