using System.Globalization;

namespace ChunkSync.Tool;

/// <summary>A number of bytes as people write it: <c>262144</c>, <c>256K</c>, <c>1M</c>, <c>2G</c>, in powers of 1,024.</summary>
internal static class ByteSize
{
    /// <summary>Reads one.</summary>
    public static bool TryParse(string text, out long bytes)
    {
        int shift = text.Length == 0 ? 0 : char.ToUpperInvariant(text[^1]) switch { 'K' => 10, 'M' => 20, 'G' => 30, _ => 0 };
        string digits = shift == 0 ? text : text[..^1];
        bool isNumber = long.TryParse(digits, NumberStyles.None, CultureInfo.InvariantCulture, out long value) && value <= long.MaxValue >> shift;
        bytes = isNumber ? value << shift : 0;
        return isNumber;
    }
}
