namespace ChunkSync.Capture;

/// <summary>A token of SQL text by its place; blanks and comments lie between tokens.</summary>
internal readonly record struct SqlToken(int Start, int End)
{
    /// <summary>The tokens of a statement. Numbers and operators may come in pieces.</summary>
    public static List<SqlToken> Read(string sql)
    {
        List<SqlToken> tokens = [];
        int at = 0;
        while (at < sql.Length)
        {
            int end = EndAt(sql, at, out bool isToken);
            if (isToken)
            {
                tokens.Add(new SqlToken(at, end));
            }

            at = end;
        }

        return tokens;
    }

    /// <summary>Whether the token is this keyword or sign.</summary>
    public bool Is(string sql, string text) => sql.AsSpan(Start, End - Start).Equals(text, StringComparison.OrdinalIgnoreCase);

    /// <summary>The identifier that the token may be, without quotes: any of SQLite's ways to write one.</summary>
    public string Identifier(string sql) => sql[Start] switch
    {
        '"' or '`' or '\'' when End - Start > 1 => sql[(Start + 1)..(End - 1)].Replace(new string(sql[Start], 2), sql[Start].ToString(), StringComparison.Ordinal),
        '[' when End - Start > 1 => sql[(Start + 1)..(End - 1)],
        _ => sql[Start..End],
    };

    private static int EndAt(string sql, int at, out bool isToken)
    {
        char first = sql[at];
        isToken = true;
        if (char.IsWhiteSpace(first))
        {
            isToken = false;
            return at + 1;
        }

        if (sql.AsSpan(at).StartsWith("--"))
        {
            isToken = false;
            return EndBehind(sql, at, "\n");
        }

        if (sql.AsSpan(at).StartsWith("/*"))
        {
            isToken = false;
            return EndBehind(sql, at + 2, "*/");
        }

        return first switch
        {
            '"' or '\'' or '`' => EndOfQuoted(sql, at, first),
            '[' => EndBehind(sql, at, "]"),
            _ => EndOfWord(sql, at),
        };
    }

    private static int EndBehind(string sql, int at, string mark)
    {
        int found = sql.IndexOf(mark, at, StringComparison.Ordinal);
        return found < 0 ? sql.Length : found + mark.Length;
    }

    private static int EndOfQuoted(string sql, int at, char quote)
    {
        for (int end = at + 1; end < sql.Length; end++)
        {
            if (sql[end] != quote)
            {
                continue;
            }

            if (end + 1 == sql.Length || sql[end + 1] != quote)
            {
                return end + 1;
            }

            end++;
        }

        return sql.Length;
    }

    private static int EndOfWord(string sql, int at)
    {
        int end = at;
        while (end < sql.Length && (char.IsAsciiLetterOrDigit(sql[end]) || sql[end] is '_' or '$' or > '\x7F'))
        {
            end++;
        }

        return Math.Max(end, at + 1);
    }
}
