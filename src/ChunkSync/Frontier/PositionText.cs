using System.Buffers;
using System.Text;

namespace ChunkSync.Frontier;

/// <summary>Positions between positions, as text that BINARY and NOCASE order alike and that is never a number: a whole part whose first letter says how
/// many base-36 digits follow (<c>n</c>: 1 … <c>z</c>: 13 counting up, <c>m</c>: 1 … <c>a</c>: 13 counting down), and a fraction without a trailing 0.
/// The idea of whole parts of a length that their first letter tells is from fractional indexing (David Greenspan, Observable, 2020).</summary>
internal static class PositionText
{
    /// <summary>The position of the first child.</summary>
    public const string First = "n0";

    private const string Digits = "0123456789abcdefghijklmnopqrstuvwxyz";

    private static readonly SearchValues<char> AllDigits = SearchValues.Create(Digits);

    /// <summary>Whether a text is such a position.</summary>
    public static bool IsPosition(string text)
    {
        if (text.Length == 0 || !(text[0] is >= 'a' and <= 'z') || text.AsSpan().ContainsAnyExcept(AllDigits))
        {
            return false;
        }

        return text.Length == Whole(text).Length || text[^1] != '0';
    }

    /// <summary>A position behind one and before another.</summary>
    /// <param name="after">The one before it; null for the beginning.</param>
    /// <param name="before">The one behind it; null for the end.</param>
    /// <returns>Null where no whole part is left at this end.</returns>
    /// <remarks>Both are positions, and in order.</remarks>
    public static string? Between(string? after, string? before)
    {
        if (after == null && before == null)
        {
            return First;
        }

        if (after == null)
        {
            string least = Whole(before!);
            return string.CompareOrdinal(least, before) < 0 ? least : Neighbour(least, -1);
        }

        string whole = Whole(after);
        if (before == null)
        {
            return Neighbour(whole, 1);
        }

        if (whole == Whole(before))
        {
            return whole + Middle(after.AsSpan(whole.Length), before.AsSpan(whole.Length), isOpen: false);
        }

        string? next = Neighbour(whole, 1);
        return next == null || string.CompareOrdinal(next, before) < 0 ? next : whole + Middle(after.AsSpan(whole.Length), default, isOpen: true);
    }

    /// <summary>The whole part: a letter, and as many digits as it says or as there are.</summary>
    private static string Whole(string text) => text[..Math.Min(text.Length, 1 + DigitsBehind(text[0]))];

    private static int DigitsBehind(char letter) => letter >= 'n' ? letter - 'n' + 1 : 'm' - letter + 1;

    /// <summary>The whole part above or below another one; null where there is none.</summary>
    private static string? Neighbour(string whole, int step)
    {
        char[] text = whole.ToCharArray();
        for (int i = text.Length - 1; i > 0; i--)
        {
            int digit = Digits.IndexOf(text[i]) + step;
            if (digit is >= 0 and < 36)
            {
                text[i] = Digits[digit];
                return new string(text);
            }

            text[i] = step > 0 ? '0' : 'z';
        }

        char letter = (char)(whole[0] + step);
        return letter is >= 'a' and <= 'z' ? letter + new string(step > 0 ? '0' : 'z', DigitsBehind(letter)) : null;
    }

    /// <summary>The shortest fraction between two.</summary>
    /// <param name="low">The lower one.</param>
    /// <param name="high">The upper one.</param>
    /// <param name="isOpen">Whether there is no upper one but 1.</param>
    private static string Middle(ReadOnlySpan<char> low, ReadOnlySpan<char> high, bool isOpen)
    {
        StringBuilder result = new();
        while (true)
        {
            if (!isOpen)
            {
                int same = 0;
                while (same < high.Length && (same < low.Length ? low[same] : '0') == high[same])
                {
                    same++;
                }

                result.Append(high[..same]);
                low = low[Math.Min(same, low.Length)..];
                high = high[same..];
            }

            int from = low.IsEmpty ? 0 : Digits.IndexOf(low[0]);
            int to = isOpen ? 36 : Digits.IndexOf(high[0]);
            if (to - from > 1)
            {
                return result.Append(Digits[(from + to) / 2]).ToString();
            }

            if (!isOpen && high.Length > 1)
            {
                return result.Append(high[0]).ToString();
            }

            result.Append(Digits[from]);
            low = low[Math.Min(1, low.Length)..];
            isOpen = true;
        }
    }
}
