using ChunkSync.Sqlite;

namespace ChunkSync.Catalog;

/// <summary>ON CONFLICT clauses that a table declares for its constraints: no pragma shows them.</summary>
internal static class ConflictClauses
{
    /// <summary>Whether a table declares IGNORE, REPLACE, ROLLBACK or FAIL for any constraint: a statement without a clause of its own would
    /// leave rows out, remove others, or end the transaction.</summary>
    public static bool AreDeclared(Connection connection, TrackedTable table)
    {
        using Statement text = connection.Prepare("SELECT sql FROM main.sqlite_master WHERE type = 'table' AND name = ?1 COLLATE NOCASE");
        text.Bind(1, table.Name);
        string sql = text.Step() ? text.String(0) : "";
        text.Reset();
        return sql.Contains("CONFLICT", StringComparison.OrdinalIgnoreCase) && AreIn(sql);
    }

    /// <summary>The same for the text of a CREATE TABLE.</summary>
    public static bool AreIn(string sql)
    {
        List<SqlToken> tokens = SqlTokenizer.Tokens(sql);
        for (int i = 0; i + 2 < tokens.Count; i++)
        {
            if (tokens[i].Is(sql, "ON") && tokens[i + 1].Is(sql, "CONFLICT") && !tokens[i + 2].Is(sql, "ABORT"))
            {
                return true;
            }
        }

        return false;
    }
}
