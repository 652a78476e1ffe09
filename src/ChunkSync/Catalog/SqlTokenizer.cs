namespace ChunkSync.Catalog;

/// <summary>The tokens of SQL text that SQLite has accepted: all four quotes, both comments, brackets. White space and comments are left
/// out. Text that ends inside a quote or a comment ends the last token.</summary>
internal static class SqlTokenizer
{
    /// <summary>All tokens in order.</summary>
    public static List<SqlToken> Tokens(string sql)
    {
        List<SqlToken> tokens = [];
        int at = 0;
        while (at < sql.Length)
        {
            int end = EndOfSpace(sql, at);
            if (end == at)
            {
                SqlToken token = TokenAt(sql, at);
                tokens.Add(token);
                end = token.End;
            }

            at = end;
        }

        return tokens;
    }

    private static SqlToken TokenAt(string sql, int at)
    {
        char first = sql[at];
        switch (first)
        {
            case '\'':
                return new(SqlTokenKind.Literal, at, EndOfQuoted(sql, at, '\''));
            case '"' or '`':
                return new(SqlTokenKind.QuotedName, at, EndOfQuoted(sql, at, first));
            case '[':
                int close = sql.IndexOf(']', at);
                return new(SqlTokenKind.QuotedName, at, close < 0 ? sql.Length : close + 1);
            case 'x' or 'X' when at + 1 < sql.Length && sql[at + 1] == '\'':
                return new(SqlTokenKind.Literal, at, EndOfQuoted(sql, at + 1, '\''));
            case '?' or ':' or '@' or '#' or '$':
                return new(SqlTokenKind.Parameter, at, EndOfWord(sql, at + 1));
        }

        bool isNumber = char.IsAsciiDigit(first) || (first == '.' && at + 1 < sql.Length && char.IsAsciiDigit(sql[at + 1]));
        return isNumber ? new(SqlTokenKind.Number, at, EndOfNumber(sql, at))
            : IsWord(first) ? new(SqlTokenKind.Word, at, EndOfWord(sql, at))
            : new(SqlTokenKind.Symbol, at, at + 1);
    }

    /// <summary>Behind white space or one comment that begins here; the same place when there is none.</summary>
    private static int EndOfSpace(string sql, int at)
    {
        if (sql[at] is ' ' or '\t' or '\n' or '\f' or '\r')
        {
            return at + 1;
        }

        ReadOnlySpan<char> rest = sql.AsSpan(at);
        string? close = rest.StartsWith("--", StringComparison.Ordinal) ? "\n" : rest.StartsWith("/*", StringComparison.Ordinal) ? "*/" : null;
        if (close == null)
        {
            return at;
        }

        int end = sql.IndexOf(close, at + 2, StringComparison.Ordinal);
        return end < 0 ? sql.Length : end + close.Length;
    }

    private static int EndOfQuoted(string sql, int at, char quote)
    {
        int end = at + 1;
        while (end < sql.Length)
        {
            bool isQuote = sql[end] == quote;
            if (isQuote && (end + 1 == sql.Length || sql[end + 1] != quote))
            {
                return end + 1;
            }

            end += isQuote ? 2 : 1;
        }

        return sql.Length;
    }

    /// <summary>Digits, a point, an exponent with its sign; hexadecimal digits look like a word.</summary>
    private static int EndOfNumber(string sql, int at)
    {
        bool isHex = sql[at] == '0' && at + 1 < sql.Length && sql[at + 1] is 'x' or 'X';
        int end = at + 1;
        while (end < sql.Length
            && (IsWord(sql[end]) || sql[end] == '.' || (!isHex && sql[end] is '+' or '-' && sql[end - 1] is 'e' or 'E')))
        {
            end++;
        }

        return end;
    }

    private static int EndOfWord(string sql, int at)
    {
        int end = at;
        while (end < sql.Length && IsWord(sql[end]))
        {
            end++;
        }

        return end;
    }

    private static bool IsWord(char letter) => char.IsAsciiLetterOrDigit(letter) || letter is '_' or '$' or > '\x7f';
}
