using ChunkSync.Capture;
using ChunkSync.Catalog;
using ChunkSync.Sqlite;

namespace ChunkSync.Diagnostics;

/// <summary>Which triggers are the engine's, and which a user's.</summary>
internal static class OwnTriggers
{
    /// <summary>The names of the triggers that a table should have.</summary>
    public static List<string> Wanted(TrackedTable table) => table.KeyColumns.Length == 0 ? []
        : [.. TriggerSet.Texts(table.Name, table.Columns, table.Algorithm, table.Filter).Select(text => text.Name)];

    /// <summary>The names, in lower case, of those of the engine's triggers that a table has.</summary>
    public static HashSet<string> Present(CheckContext context, TrackedTable table)
    {
        HashSet<string> own = [.. TriggerSet.Names(table.Name).Select(AsciiNames.Lower)];
        own.IntersectWith(context.Schema.Where(entry => IsOn(entry, table)).Select(entry => AsciiNames.Lower(entry.Name)));
        return own;
    }

    /// <summary>A trigger that has the name of one of the engine's and calls nothing of it; null when there is none.</summary>
    public static string? Idle(CheckContext context, TrackedTable table)
    {
        HashSet<string> capturing = [.. Wanted(table).Where(name => name.StartsWith("cloudsync_after_", StringComparison.Ordinal)).Select(AsciiNames.Lower)];
        return context.Schema.Find(entry => IsOn(entry, table) && capturing.Contains(AsciiNames.Lower(entry.Name)) && !new TriggerSql(entry.Sql).Captures)?.Name;
    }

    /// <summary>The triggers of a table that are not the engine's.</summary>
    public static IEnumerable<SchemaObject> OfUser(CheckContext context, TrackedTable table)
    {
        HashSet<string> own = [.. TriggerSet.Names(table.Name).Select(AsciiNames.Lower)];
        return context.Schema.Where(entry => IsOn(entry, table) && !own.Contains(AsciiNames.Lower(entry.Name)));
    }

    private static bool IsOn(SchemaObject entry, TrackedTable table) =>
        entry.Type == "trigger" && entry.Table.Equals(table.Name, StringComparison.OrdinalIgnoreCase);
}
