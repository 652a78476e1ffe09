using ChunkSync.Catalog;

namespace ChunkSync.Diagnostics;

/// <summary>D19: foreign keys that delete or change rows by themselves.</summary>
internal sealed class ReferenceActions() : FindingCheck("D19", Severity.Info)
{
    public override void Run(CheckContext context)
    {
        foreach (TrackedTable table in context.Tables)
        {
            List<object?[]> keys = context.Rows("SELECT DISTINCT id, \"table\" FROM pragma_foreign_key_list(?1, 'main') WHERE on_update IN ('CASCADE', 'SET NULL', 'SET DEFAULT')"
                + " OR on_delete IN ('CASCADE', 'SET NULL', 'SET DEFAULT') ORDER BY id", table.Name);
            if (keys.Count > 0)
            {
                context.Add(table.Name, keys[0][1] as string, keys.Count, "foreign keys with CASCADE, SET NULL or SET DEFAULT: what they do in a merge is recorded here; sqlite-sync"
                    + " on this file does not record it");
            }
        }
    }
}
