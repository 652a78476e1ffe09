namespace ChunkSync.Sqlite;

/// <summary>How SQLite compares identifiers: bytes, ASCII letters without case.</summary>
internal static class AsciiNames
{
    /// <summary>Whether two UTF-8 names are the same identifier.</summary>
    public static bool Same(ReadOnlySpan<byte> left, ReadOnlySpan<byte> right)
    {
        if (left.Length != right.Length)
        {
            return false;
        }

        for (int i = 0; i < left.Length; i++)
        {
            if (left[i] != right[i] && Lower(left[i]) != Lower(right[i]))
            {
                return false;
            }
        }

        return true;
    }

    /// <summary>The byte, an ASCII letter in lower case.</summary>
    public static byte Lower(byte letter) => letter is >= (byte)'A' and <= (byte)'Z' ? (byte)(letter | 0x20) : letter;

    /// <inheritdoc cref="Same(ReadOnlySpan{byte}, ReadOnlySpan{byte})"/>
    public static bool Same(string left, string right) => Lower(left) == Lower(right);

    /// <summary>The text with ASCII letters in lower case.</summary>
    public static string Lower(string text) => string.Create(text.Length, text, static (target, source) =>
    {
        for (int i = 0; i < target.Length; i++)
        {
            target[i] = char.IsAsciiLetterUpper(source[i]) ? (char)(source[i] | 0x20) : source[i];
        }
    });
}
