using ChunkSync.Catalog;
using ChunkSync.Sqlite;

namespace ChunkSync.Capture;

/// <summary>In which order triggers of one table fire. SQLite begins with the newest one: an AFTER trigger of the user's that was made later than the
/// engine's writes before the row is captured, and where it leaves the statement with RAISE(IGNORE), or fails under OR FAIL, the row stays and is
/// not captured at all.</summary>
internal static class TriggerOrder
{
    /// <summary>The AFTER triggers of the user's that fire before the engine's.</summary>
    /// <param name="table">The table.</param>
    /// <param name="triggers">Names and texts of its triggers, in the order of <c>sqlite_master</c>.</param>
    public static IEnumerable<(string Name, string Sql)> Late(string table, IEnumerable<(string Name, string Sql)> triggers)
    {
        HashSet<string> own = [.. TriggerSet.Names(table).Select(AsciiNames.Lower)];
        bool isLate = false;
        foreach ((string name, string sql) in triggers)
        {
            if (own.Contains(AsciiNames.Lower(name)))
            {
                isLate = true;
            }
            else if (isLate && IsAfter(sql))
            {
                yield return (name, sql);
            }
        }
    }

    private static bool IsAfter(string sql)
    {
        if (!sql.Contains("AFTER", StringComparison.OrdinalIgnoreCase))
        {
            return false;
        }

        List<SqlToken> tokens = SqlTokenizer.Tokens(sql);
        int on = tokens.FindIndex(token => token.Is(sql, "ON"));
        return on > 0 && tokens.FindIndex(0, on, token => token.Is(sql, "AFTER")) >= 0;
    }
}
