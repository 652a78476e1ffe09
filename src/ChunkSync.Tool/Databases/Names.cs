namespace ChunkSync.Tool;

/// <summary>Names in SQL.</summary>
internal static class Names
{
    /// <summary>A name in double quotes.</summary>
    public static string Quote(string name) => "\"" + name.Replace("\"", "\"\"", StringComparison.Ordinal) + "\"";

    /// <summary>A name with the letters A to Z in lower case: equal for names that SQLite takes for one.</summary>
    public static string Folded(string name) => string.Concat(name.Select(letter => char.IsAsciiLetterUpper(letter) ? char.ToLowerInvariant(letter) : letter));

    /// <summary>A name that none of the others is: the one that is wanted, or with something behind it.</summary>
    public static string Unused(string wanted, IReadOnlyCollection<string> others)
    {
        while (others.Contains(wanted, StringComparer.OrdinalIgnoreCase))
        {
            wanted += "_";
        }

        return wanted;
    }

    /// <summary>A text in single quotes.</summary>
    public static string Literal(string text) => "'" + text.Replace("'", "''", StringComparison.Ordinal) + "'";
}
