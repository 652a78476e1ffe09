using System.Globalization;

namespace ChunkSync.Tool;

/// <summary>A value of SQLite in a result.</summary>
/// <param name="Content">null, long, double, string or byte[].</param>
internal sealed record SqlValue(object? Content)
{
    private const int ShownLength = 60;

    /// <summary>What SQLite calls its type.</summary>
    public string Type => Content switch { null => "null", long => "integer", double => "real", string => "text", _ => "blob" };

    /// <summary>Whether two values have the same type and the same bytes.</summary>
    public bool IsSame(SqlValue other) => (Content, other.Content) switch
    {
        (byte[] one, byte[] two) => one.AsSpan().SequenceEqual(two),
        (string one, string two) => string.Equals(one, two, StringComparison.Ordinal),
        (double one, double two) => one.Equals(two),
        _ => Equals(Content, other.Content),
    };

    /// <summary>As a literal of SQL, cut where it is long.</summary>
    /// <param name="isHex">Whether text is shown as its bytes.</param>
    public string Show(bool isHex = false) => Content switch
    {
        null => "NULL",
        long number => number.ToString(CultureInfo.InvariantCulture),
        double number => Real(number.ToString("R", CultureInfo.InvariantCulture)),
        string text when isHex => Hex(System.Text.Encoding.UTF8.GetBytes(text)),
        string text => Cut(text),
        byte[] bytes => Hex(bytes),
        object other => $"{other}",
    };

    /// <summary>A real number that nobody takes for an integer.</summary>
    private static string Real(string text) => text.AsSpan().IndexOfAny(".EIN") < 0 ? text + ".0" : text;

    private static string Cut(string text)
    {
        string shown = Printable.Of(text, ShownLength);
        return shown.Length < ShownLength || Printable.Of(text) == shown ? Names.Literal(shown) : $"{Names.Literal(shown)} ({TextOutput.Count(text.Length, "character")})";
    }

    private static string Hex(byte[] bytes) => bytes.Length <= ShownLength / 2
        ? $"x'{Convert.ToHexStringLower(bytes)}'"
        : $"x'{Convert.ToHexStringLower(bytes.AsSpan(0, ShownLength / 2))}…' ({TextOutput.Count(bytes.Length, "byte")})";
}
