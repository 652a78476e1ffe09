using ChunkSync.Catalog;

namespace ChunkSync.Diagnostics;

/// <summary>D08: a key that two replicas can both choose for different rows.</summary>
internal sealed class ChosenKeys() : FindingCheck("D08", Severity.Warning)
{
    public override void Run(CheckContext context)
    {
        foreach (TrackedTable table in context.Tables)
        {
            if (table.KeyColumns.Length == 1 && table.KeyColumns[0].DeclaredType.Contains("INT", StringComparison.OrdinalIgnoreCase))
            {
                context.Add(table.Name, table.KeyColumns[0].Name, 1, "the key is one integer: two replicas that take the next number give it to different rows, which"
                    + " become one. Make a new table with a TEXT key whose DEFAULT is (cloudsync_uuid()), unless the numbers come from one place");
            }
        }
    }
}
