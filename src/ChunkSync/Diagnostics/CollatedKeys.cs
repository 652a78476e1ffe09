using ChunkSync.Catalog;
using ChunkSync.Keys;

namespace ChunkSync.Diagnostics;

/// <summary>D18: key columns by whose collation keys with other bytes are equal.</summary>
internal sealed class CollatedKeys() : FindingCheck("D18", Severity.Warning)
{
    public override void Run(CheckContext context)
    {
        foreach (TrackedTable table in context.Tables)
        {
            if (KeyCollation.FirstNotBinary(context.Connection, table.Name, [.. table.KeyColumns]) is (string Column, string Collation) found)
            {
                context.Add(table.Name, found.Column, 1, $"key column {found.Column} has the collation {found.Collation}: replicas that insert keys which are equal by it and have"
                    + " other bytes have two rows of which one has to go. Make a new table with the collation BINARY");
            }
        }
    }
}
