using System.Globalization;
using System.Text;

namespace ChunkSync.Tool;

/// <summary>Text of others for a terminal: what would move the cursor, break the line or turn the text around is shown as an escape.</summary>
internal static class Printable
{
    /// <summary>The text in one line.</summary>
    public static string Of(string text)
    {
        StringBuilder? changed = null;
        for (int i = 0; i < text.Length; i++)
        {
            char c = text[i];
            bool isPaired = char.IsHighSurrogate(c) && i + 1 < text.Length && char.IsLowSurrogate(text[i + 1]);
            bool isShown = isPaired || char.GetUnicodeCategory(c) is not (UnicodeCategory.Control or UnicodeCategory.Format or UnicodeCategory.Surrogate
                or UnicodeCategory.LineSeparator or UnicodeCategory.ParagraphSeparator or UnicodeCategory.PrivateUse);
            if (!isShown)
            {
                changed ??= new StringBuilder(text, 0, i, text.Length + 8);
                _ = c switch { '\n' => changed.Append("\\n"), '\r' => changed.Append("\\r"), '\t' => changed.Append("\\t"), _ => changed.Append($"\\u{(int)c:x4}") };
                continue;
            }

            changed?.Append(c);
            if (isPaired)
            {
                i++;
                changed?.Append(text[i]);
            }
        }

        return changed?.ToString() ?? text;
    }

    /// <summary>The text in one line, of at most so many characters.</summary>
    public static string Of(string text, int length)
    {
        string all = Of(text.Length > length * 2 ? text[..(length * 2)] : text);
        return all.Length <= length ? all : all[..(char.IsHighSurrogate(all[length - 2]) ? length - 2 : length - 1)] + "…";
    }
}
