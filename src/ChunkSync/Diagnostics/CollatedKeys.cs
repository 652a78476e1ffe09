using ChunkSync.Catalog;
using ChunkSync.Keys;

namespace ChunkSync.Diagnostics;

/// <summary>D18: key columns by whose collation keys with other bytes are equal.</summary>
internal sealed class CollatedKeys() : FindingCheck("D18", Severity.Warning)
{
    public override void Run(CheckContext context)
    {
        ILookup<string, (string Column, string Collation)> indexed = context.Rows("SELECT t.name, x.name, x.coll FROM main.sqlite_master AS t,"
            + " pragma_index_list(t.name, 'main') AS l, pragma_index_xinfo(l.name, 'main') AS x WHERE t.type = 'table' AND l.origin = 'pk' AND x.key AND x.name IS NOT NULL")
            .ToLookup(row => row[0] as string ?? "", row => (row[1] as string ?? "", row[2] as string ?? ""), StringComparer.OrdinalIgnoreCase);
        foreach (TrackedTable table in context.Tables)
        {
            if (KeyCollation.FirstNotBinary(context.Connection, table.Name, [.. table.KeyColumns], indexed[table.Name]) is (string Column, string Collation) found)
            {
                context.Add(table.Name, found.Column, 1, $"key column {found.Column} has the collation {found.Collation}: replicas that insert keys which are equal by it and have"
                    + " other bytes have two rows of which one has to go. Make a new table with the collation BINARY");
            }
        }
    }
}
