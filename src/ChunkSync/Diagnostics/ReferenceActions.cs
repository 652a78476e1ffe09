using ChunkSync.Catalog;

namespace ChunkSync.Diagnostics;

/// <summary>D19: foreign keys that delete or change rows by themselves.</summary>
internal sealed class ReferenceActions() : FindingCheck("D19", Severity.Info)
{
    private const string Actions = "('CASCADE', 'SET NULL', 'SET DEFAULT')";

    public override void Run(CheckContext context)
    {
        ILookup<string, string> keys = context.Rows("SELECT DISTINCT t.name, f.\"table\", f.id FROM main.sqlite_master AS t, pragma_foreign_key_list(t.name, 'main') AS f"
            + $" WHERE t.type = 'table' AND (f.on_update IN {Actions} OR f.on_delete IN {Actions}) ORDER BY f.id")
            .ToLookup(row => row[0] as string ?? "", row => row[1] as string ?? "", StringComparer.OrdinalIgnoreCase);
        foreach (TrackedTable table in context.Tables.Where(table => keys.Contains(table.Name)))
        {
            context.Add(table.Name, keys[table.Name].First(), keys[table.Name].Count(), "foreign keys with CASCADE, SET NULL or SET DEFAULT: what they do in a merge is recorded"
                + " here; sqlite-sync on this file does not record it");
        }
    }
}
