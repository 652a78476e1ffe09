using ChunkSync.Catalog;

namespace ChunkSync.Diagnostics;

/// <summary>D28: declared ON CONFLICT IGNORE or REPLACE.</summary>
internal sealed class DeclaredClauses() : FindingCheck("D28", Severity.Warning)
{
    public override void Run(CheckContext context)
    {
        foreach (TrackedTable table in context.Tables)
        {
            string sql = context.CreateTable(table);
            long count = SqlPattern.Count(sql, "ON", "CONFLICT", "IGNORE") + SqlPattern.Count(sql, "ON", "CONFLICT", "REPLACE");
            if (count > 0)
            {
                context.Add(table.Name, null, count, "ON CONFLICT IGNORE or REPLACE is declared: sqlite-sync on this file loses received rows, or those in their place, in silence");
            }
        }
    }
}
