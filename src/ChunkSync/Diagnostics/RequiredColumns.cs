using ChunkSync.Catalog;

namespace ChunkSync.Diagnostics;

/// <summary>D09: columns that must have a value and have no DEFAULT: a row that arrives in pieces is refused.</summary>
internal sealed class RequiredColumns() : FindingCheck("D09", Severity.Warning)
{
    public override void Run(CheckContext context)
    {
        foreach (TrackedTable table in context.Tables)
        {
            string[] required = [.. table.ValueColumns.Where(column => column.NotNull && !column.HasDefault).Select(column => column.Name)];
            if (required.Length > 0)
            {
                context.Add(table.Name, required[0], required.Length, $"NOT NULL without DEFAULT: {string.Join(", ", required)}. A row whose columns arrive in two"
                    + " chunks is refused until they are together; give the columns a DEFAULT");
            }
        }
    }
}
