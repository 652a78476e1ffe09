using ChunkSync.Sqlite;

namespace ChunkSync.Diagnostics;

/// <summary>D16: tables of the user's whose names sqlite-sync takes for clocks.</summary>
internal sealed class TakenNames() : FindingCheck("D16", Severity.Warning)
{
    private const string Suffix = "cloudsync";

    public override void Run(CheckContext context)
    {
        HashSet<string> own = new(context.Catalog.All.Select(table => table.ClockName), StringComparer.OrdinalIgnoreCase);
        foreach (SchemaObject table in context.Schema.Where(entry => entry.Type == "table" && !own.Contains(entry.Name)))
        {
            // LIKE '%_cloudsync', where _ is any letter.
            if (table.Name.Length > Suffix.Length && table.Name.EndsWith(Suffix, StringComparison.OrdinalIgnoreCase))
            {
                context.Add(null, table.Name, 1, $"sqlite-sync takes table {table.Name} for clocks of its own: its functions fail on this file",
                    $"ALTER TABLE {Connection.Quote(table.Name)} RENAME TO {Connection.Quote(table.Name + "_")}");
            }
        }
    }
}
