namespace ChunkSync.Sqlite;

/// <summary>What the CREATE TABLE texts of a connection's databases call. Before SQLite 3.41 or so a CHECK constraint may call a function
/// that is not deterministic although it is registered as direct only, and <c>PRAGMA integrity_check</c> evaluates such constraints, too:
/// functions that touch files ask here first.</summary>
internal static class SchemaText
{
    /// <summary>Refuses a function that a table's text calls, in any database but <c>temp</c>, which is the program's own.</summary>
    /// <exception cref="EngineException">Names the function and the table.</exception>
    public static void RefuseCallsOf(Connection connection, string function)
    {
        List<string> databases = [];
        using (Statement list = connection.Prepare("SELECT name FROM pragma_database_list WHERE name <> 'temp' ORDER BY seq"))
        {
            while (list.Step())
            {
                databases.Add(list.String(0));
            }
        }

        foreach (string database in databases)
        {
            using Statement tables = connection.Prepare(
                $"SELECT name, sql FROM {Connection.Quote(database)}.sqlite_master WHERE type = 'table' AND instr(lower(sql), ?1)");
            tables.Bind(1, function);
            while (tables.Step())
            {
                if (Calls(tables.String(1), function))
                {
                    throw Errors.Refused($"unsafe use of {function}(): table {database}.{tables.String(0)} calls it in a CHECK constraint");
                }
            }
        }
    }

    /// <summary>Whether SQL text has a call of a function: its name, quoted or not, and "(" behind it, outside comments and text literals.</summary>
    public static bool Calls(string sql, string function)
    {
        int at = 0;
        bool isName = false;
        while (at < sql.Length)
        {
            char letter = sql[at];
            int end = EndOfSpace(sql, at);
            if (end > at)
            {
                at = end;
                continue;
            }

            if (letter == '(' && isName)
            {
                return true;
            }

            end = EndOfToken(sql, at);
            string token = sql[at..end];
            isName = letter != '\'' && Unquoted(token).Equals(function, StringComparison.OrdinalIgnoreCase);
            at = end;
        }

        return false;
    }

    private static string Unquoted(string token) => token.Length > 1 && token[0] is '"' or '`' or '[' ? token[1..^1] : token;

    /// <summary>Behind white space or one comment that begins here; the same place when there is none.</summary>
    private static int EndOfSpace(string sql, int at)
    {
        if (char.IsWhiteSpace(sql[at]))
        {
            return at + 1;
        }

        string? close = sql.AsSpan(at).StartsWith("--", StringComparison.Ordinal) ? "\n"
            : sql.AsSpan(at).StartsWith("/*", StringComparison.Ordinal) ? "*/"
            : null;
        if (close == null)
        {
            return at;
        }

        int end = sql.IndexOf(close, at + 2, StringComparison.Ordinal);
        return end < 0 ? sql.Length : end + close.Length;
    }

    private static int EndOfToken(string sql, int at)
    {
        char first = sql[at];
        if (first is '\'' or '"' or '`' or '[')
        {
            int close = sql.IndexOf(first == '[' ? ']' : first, at + 1);
            return close < 0 ? sql.Length : close + 1;
        }

        int end = at + 1;
        while (IsLetter(first) && end < sql.Length && IsLetter(sql[end]))
        {
            end++;
        }

        return end;
    }

    private static bool IsLetter(char letter) => char.IsAsciiLetterOrDigit(letter) || letter is '_' or '$' or > '\x7f';
}
