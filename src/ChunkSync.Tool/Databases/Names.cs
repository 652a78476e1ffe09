namespace ChunkSync.Tool;

/// <summary>Names in SQL.</summary>
internal static class Names
{
    /// <summary>A name in double quotes.</summary>
    public static string Quote(string name) => "\"" + name.Replace("\"", "\"\"", StringComparison.Ordinal) + "\"";

    /// <summary>A text in single quotes.</summary>
    public static string Literal(string text) => "'" + text.Replace("'", "''", StringComparison.Ordinal) + "'";
}
