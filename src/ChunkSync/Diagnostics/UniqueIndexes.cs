using ChunkSync.Catalog;

namespace ChunkSync.Diagnostics;

/// <summary>D17: unique indexes beside the key.</summary>
internal sealed class UniqueIndexes() : FindingCheck("D17", Severity.Info)
{
    public override void Run(CheckContext context)
    {
        ILookup<string, string> unique = context.Rows("SELECT t.name, l.name FROM main.sqlite_master AS t, pragma_index_list(t.name, 'main') AS l"
            + " WHERE t.type = 'table' AND l.\"unique\" AND l.origin <> 'pk' ORDER BY l.name")
            .ToLookup(row => row[0] as string ?? "", row => row[1] as string ?? "", StringComparer.OrdinalIgnoreCase);
        foreach (TrackedTable table in context.Tables.Where(table => unique.Contains(table.Name)))
        {
            string[] names = [.. unique[table.Name]];
            context.Add(table.Name, names[0], names.Length, $"UNIQUE beside the key ({string.Join(", ", names)}): two replicas can both be right and not fit together; one"
                + " of the rows is then refused on each side until somebody changes it");
        }
    }
}
