using System.Text;
using ChunkSync.Sqlite;

namespace ChunkSync.Catalog;

/// <summary>The row filter of a table as it stands in a trigger: bare names of the table's columns get NEW. or OLD. in front
/// (behaviour E.9). Text in single quotes, names behind a dot and everything else stay as they are.</summary>
internal static class FilterExpression
{
    /// <summary>Puts <paramref name="prefix"/> (NEW or OLD) before each column name of <paramref name="expression"/>.</summary>
    public static string Qualify(string expression, IReadOnlyList<TableColumn> columns, string prefix)
    {
        StringBuilder text = new();
        int i = 0;
        while (i < expression.Length)
        {
            char letter = expression[i];
            int end = letter switch
            {
                '\'' => EndOfQuoted(expression, i, '\''),
                '"' => EndOfQuoted(expression, i, '"'),
                '`' => EndOfQuoted(expression, i, '`'),
                '[' => EndOfBracket(expression, i),
                _ when IsNameStart(letter) => EndOfName(expression, i),
                _ => i + 1,
            };
            string token = expression[i..end];
            TableColumn? column = letter == '\'' || FollowsDot(text) || IsCall(expression, end) ? null : Find(columns, token);
            text.Append(column == null ? token : prefix + "." + column.Quoted);
            i = end;
        }

        return text.ToString();
    }

    private static TableColumn? Find(IReadOnlyList<TableColumn> columns, string token)
    {
        string name = token[0] switch
        {
            '"' => token.Trim('"').Replace("\"\"", "\"", StringComparison.Ordinal),
            '`' => token.Trim('`').Replace("``", "`", StringComparison.Ordinal),
            '[' => token.TrimStart('[').TrimEnd(']'),
            _ => token,
        };
        foreach (TableColumn column in columns)
        {
            if (AsciiNames.Lower(name) == column.ClockName)
            {
                return column;
            }
        }

        return null;
    }

    private static bool FollowsDot(StringBuilder text)
    {
        int last = text.Length - 1;
        while (last >= 0 && text[last] == ' ')
        {
            last--;
        }

        return last >= 0 && text[last] == '.';
    }

    /// <summary>Whether a "(" or "." follows: then the name is a function or a table.</summary>
    private static bool IsCall(string expression, int end)
    {
        while (end < expression.Length && expression[end] == ' ')
        {
            end++;
        }

        return end < expression.Length && expression[end] is '(' or '.';
    }

    private static bool IsNameStart(char letter) => char.IsAsciiLetter(letter) || letter == '_' || letter > 0x7F;

    private static int EndOfName(string text, int start)
    {
        int end = start;
        while (end < text.Length && (IsNameStart(text[end]) || char.IsAsciiDigit(text[end]) || text[end] == '$'))
        {
            end++;
        }

        return end;
    }

    private static int EndOfQuoted(string text, int start, char quote)
    {
        int end = start + 1;
        while (end < text.Length)
        {
            if (text[end] != quote)
            {
                end++;
            }
            else if (end + 1 < text.Length && text[end + 1] == quote)
            {
                end += 2;
            }
            else
            {
                return end + 1;
            }
        }

        return end;
    }

    private static int EndOfBracket(string text, int start)
    {
        int close = text.IndexOf(']', start);
        return close < 0 ? text.Length : close + 1;
    }
}
