namespace ChunkSync.Tool;

/// <summary>Commands that messages name, to be copied.</summary>
internal static class ShellText
{
    /// <summary>A command line; in quotes is what a shell would take for more than text.</summary>
    public static string Command(params string[] words) => string.Join(' ', words.Select(Word));

    private static string Word(string word) => word.Length > 0 && word.All(letter => char.IsLetterOrDigit(letter) || "/._-+:,=@%\\".Contains(letter, StringComparison.Ordinal))
        ? word
        : "'" + word.Replace("'", "'\\''", StringComparison.Ordinal) + "'";
}
