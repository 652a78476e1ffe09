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
        HashSet<string> own = Own(table);
        own.IntersectWith(context.TriggersOf(table).Select(trigger => AsciiNames.Lower(trigger.Name)));
        return own;
    }

    /// <summary>A trigger that has the name of one of the engine's and calls nothing of it; null when there is none.</summary>
    public static string? Idle(CheckContext context, TrackedTable table)
    {
        HashSet<string> own = Own(table);
        return context.TriggersOf(table).FirstOrDefault(trigger => trigger.Name.StartsWith("cloudsync_after_", StringComparison.OrdinalIgnoreCase)
            && own.Contains(AsciiNames.Lower(trigger.Name)) && !Captures(trigger.Sql))?.Name;
    }

    /// <summary>The triggers of a table that are not the engine's.</summary>
    public static IEnumerable<SchemaObject> OfUser(CheckContext context, TrackedTable table)
    {
        HashSet<string> own = Own(table);
        return context.TriggersOf(table).Where(trigger => !own.Contains(AsciiNames.Lower(trigger.Name)));
    }

    private static HashSet<string> Own(TrackedTable table) => [.. TriggerSet.Names(table.Name).Select(AsciiNames.Lower)];

    /// <summary>Nearly always the text is the one that the engine gives a trigger.</summary>
    private static bool Captures(string sql) => sql.Contains(" BEGIN SELECT cloudsync_", StringComparison.Ordinal) || new TriggerSql(sql).Captures;
}
