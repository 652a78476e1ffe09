using System.Text;

namespace ChunkSync.Probe;

/// <summary>Reads the text of a source as SQL does: quotes, brackets, comments.</summary>
internal static class QueryText
{
    /// <summary>Whether the parenthesis that a text begins with is closed by its last character and not before.</summary>
    public static bool IsParenthesised(string text)
    {
        int depth = 0;
        int at = 0;
        while (at < text.Length)
        {
            int end = EndOfToken(text, at);
            if (end < 0)
            {
                return false;
            }

            depth += text[at] == '(' ? 1 : text[at] == ')' ? -1 : 0;
            if (depth == 0)
            {
                return end == text.Length;
            }

            at = end;
        }

        return false;
    }

    /// <summary>What a text may name: itself, then schema and table on both sides of each dot, then the same with quotes taken off.</summary>
    public static IEnumerable<(string? Schema, string Name)> Names(string text)
    {
        yield return (null, text);
        for (int dot = text.IndexOf('.', StringComparison.Ordinal); dot > 0; dot = text.IndexOf('.', dot + 1))
        {
            yield return (text[..dot], text[(dot + 1)..]);
        }

        string trimmed = text.Trim();
        int end = trimmed.Length == 0 ? 0 : EndOfName(trimmed, 0);
        if (end == trimmed.Length)
        {
            yield return (null, Unquote(trimmed));
        }
        else if (end > 0 && trimmed[end] == '.' && end + 1 < trimmed.Length && EndOfName(trimmed, end + 1) == trimmed.Length)
        {
            yield return (Unquote(trimmed[..end]), Unquote(trimmed[(end + 1)..]));
        }
    }

    private static int EndOfName(string text, int start)
    {
        if (text[start] is '"' or '`' or '[')
        {
            return EndOfToken(text, start);
        }

        int dot = text.IndexOf('.', start);
        return dot < 0 ? text.Length : dot;
    }

    private static string Unquote(string name)
    {
        char quote = name.Length < 2 ? ' ' : name[0];
        return quote switch
        {
            '"' or '`' => new StringBuilder(name, 1, name.Length - 2, name.Length).Replace($"{quote}{quote}", $"{quote}").ToString(),
            '[' => name[1..^1],
            _ => name,
        };
    }

    /// <summary>Where the quoted text, comment or single character that begins at <paramref name="start"/> ends; -1 when it does not.</summary>
    private static int EndOfToken(string text, int start)
    {
        switch (text[start])
        {
            case '\'' or '"' or '`':
                return EndOfQuoted(text, start);
            case '[':
                return Behind(text, "]", start + 1);
            case '-' when start + 1 < text.Length && text[start + 1] == '-':
                return Behind(text, "\n", start + 2);
            case '/' when start + 1 < text.Length && text[start + 1] == '*':
                return Behind(text, "*/", start + 2);
            default:
                return start + 1;
        }
    }

    private static int Behind(string text, string mark, int from)
    {
        int found = text.IndexOf(mark, from, StringComparison.Ordinal);
        return found < 0 ? -1 : found + mark.Length;
    }

    private static int EndOfQuoted(string text, int start)
    {
        for (int end = start + 1; end < text.Length; end++)
        {
            if (text[end] == text[start])
            {
                if (end + 1 == text.Length || text[end + 1] != text[start])
                {
                    return end + 1;
                }

                end++;
            }
        }

        return -1;
    }
}
