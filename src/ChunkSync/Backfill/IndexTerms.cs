using ChunkSync.Catalog;

namespace ChunkSync.Backfill;

/// <summary>The terms of an index as its CREATE INDEX text has them. Only the text of expressions is used: names, collations and directions
/// come from SQLite.</summary>
internal static class IndexTerms
{
    /// <summary>The terms without ASC and DESC, comments taken out; null when the text cannot be read.</summary>
    public static List<string>? Read(string sql)
    {
        List<SqlToken> tokens = SqlTokenizer.Tokens(sql);
        int open = tokens.FindIndex(token => token.Is(sql, '('));
        if (open < 0)
        {
            return null;
        }

        List<string> terms = [];
        int depth = 0;
        int first = open + 1;
        for (int i = open; i < tokens.Count; i++)
        {
            depth += tokens[i].Is(sql, '(') ? 1 : tokens[i].Is(sql, ')') ? -1 : 0;
            if (depth == 0 || (depth == 1 && tokens[i].Is(sql, ',')))
            {
                if (Term(sql, tokens, first, i) is not string term)
                {
                    return null;
                }

                terms.Add(term);
                first = i + 1;
            }

            if (depth == 0)
            {
                return terms;
            }
        }

        return null;
    }

    /// <summary>Whether a CREATE TABLE text ends with WITHOUT ROWID.</summary>
    public static bool IsWithoutRowId(string sql)
    {
        List<SqlToken> tokens = SqlTokenizer.Tokens(sql);
        int close = tokens.FindLastIndex(token => token.Is(sql, ')'));
        return tokens.FindIndex(close + 1, token => token.Is(sql, "WITHOUT")) >= 0;
    }

    /// <summary>Whether a text of the schema begins with CREATE VIRTUAL.</summary>
    public static bool IsVirtual(string sql)
    {
        List<SqlToken> tokens = SqlTokenizer.Tokens(sql);
        return tokens.Count > 1 && tokens[1].Is(sql, "VIRTUAL");
    }

    /// <summary>The tokens from <paramref name="first"/> to before <paramref name="end"/>, without what is at their end.</summary>
    private static string? Term(string sql, List<SqlToken> tokens, int first, int end)
    {
        if (end > first && (tokens[end - 1].Is(sql, "ASC") || tokens[end - 1].Is(sql, "DESC")))
        {
            end--;
        }

        // A COLLATE stays: behind an operator it belongs to the operand alone, and around the whole it does no harm.
        if (end <= first)
        {
            return null;
        }

        System.Text.StringBuilder text = new();
        for (int i = first; i < end; i++)
        {
            if (i > first && tokens[i].Start > tokens[i - 1].End)
            {
                text.Append(' ');
            }

            text.Append(sql, tokens[i].Start, tokens[i].End - tokens[i].Start);
        }

        return text.ToString();
    }
}
