using ChunkSync.Sqlite;

namespace ChunkSync.Capture;

/// <summary>The text of one trigger, in the parts that matter when it is compared with a stored one.</summary>
/// <param name="Name">The trigger's name.</param>
/// <param name="Head">From the event to the condition that all triggers have.</param>
/// <param name="Filter">The condition of the table's filter, empty for none. sqlite-sync puts some filters in other words.</param>
/// <param name="Body">The statement.</param>
internal readonly record struct TriggerText(string Name, string Head, string Filter, string Body)
{
    /// <summary>The functions that capture; the trigger's name, and its question whether a merge writes, say nothing.</summary>
    private static readonly List<string> Capturing = ["cloudsync_insert", "cloudsync_update", "cloudsync_delete"];

    /// <summary>What stands behind CREATE TRIGGER.</summary>
    public override string ToString() => $"{Connection.Quote(Name)} {Head}{Filter} BEGIN {Body} END";

    /// <summary>Whether a stored trigger is this one, letter by letter.</summary>
    public bool Is(string sql) => sql.EndsWith(ToString(), StringComparison.Ordinal);

    /// <summary>Whether a stored trigger captures the same columns. What a guard says when it refuses a write does not matter; and of a text
    /// that another version chose, all that is known is that it captures.</summary>
    public bool CapturesLike(string sql)
    {
        if (Head.StartsWith("BEFORE", StringComparison.Ordinal))
        {
            return sql.Contains("RAISE", StringComparison.OrdinalIgnoreCase);
        }

        // Up to the table's name.
        string beginning = Body[..Body.IndexOf('\'', StringComparison.Ordinal)];
        return sql.Contains(" BEGIN " + beginning, StringComparison.Ordinal)
            ? sql.EndsWith($" BEGIN {Body} END", StringComparison.Ordinal)
            : Capturing.Exists(function => SchemaText.Calls(sql, function));
    }
}
