using ChunkSync.Catalog;

namespace ChunkSync.Diagnostics;

/// <summary>D17: unique indexes beside the key.</summary>
internal sealed class UniqueIndexes() : FindingCheck("D17", Severity.Info)
{
    public override void Run(CheckContext context)
    {
        foreach (TrackedTable table in context.Tables)
        {
            List<object?[]> unique = context.Rows("SELECT name FROM pragma_index_list(?1, 'main') WHERE \"unique\" AND origin <> 'pk' ORDER BY name", table.Name);
            if (unique.Count > 0)
            {
                context.Add(table.Name, unique[0][0] as string, unique.Count, $"UNIQUE beside the key ({string.Join(", ", unique.Select(row => row[0]))}): two replicas can both be"
                    + " right and not fit together; one of the rows is then refused on each side until somebody changes it");
            }
        }
    }
}
