using System.Buffers;
using System.Globalization;
using ChunkSync.Format;
using ChunkSync.Keys;

namespace ChunkSync.Merge;

/// <summary>Whether databases that declare a column with different types may be why two values of a cell meet: what is 5 in one of them is '5' or
/// 5.0 in others, and comes back from there as it is stored there.</summary>
internal static class ConvertedValue
{
    /// <summary>No number needs more bytes.</summary>
    private const int MaxTextLength = 400;

    /// <summary>SQLite writes a REAL as TEXT with 15 digits.</summary>
    private const double Precision = 1e-14;

    private static readonly SearchValues<byte> Letters = SearchValues.Create(" \t\n\v\f\r+-.0123456789eE"u8);

    /// <summary>True when a conversion may be all that lies between two values, or why one of them wins here and the other elsewhere: INTEGER, REAL and
    /// TEXT are above each other whatever they say.</summary>
    public static bool IsPossible(in WireValue left, in WireValue right)
    {
        if (left.Kind is WireKind.Null or WireKind.Blob || right.Kind is WireKind.Null or WireKind.Blob)
        {
            return false;
        }

        if (Number(left) is not double first)
        {
            return Number(right) != null;
        }

        return Number(right) is not double second || left.Kind != right.Kind || first.Equals(second)
            || Math.Abs(first - second) <= Precision * Math.Max(Math.Abs(first), Math.Abs(second));
    }

    /// <summary>Whether a column stores a value as one of another storage class.</summary>
    public static bool IsConverted(KeyAffinity affinity, in WireValue value) => affinity switch
    {
        KeyAffinity.Text => value.Kind is WireKind.Integer or WireKind.Real,
        KeyAffinity.Numeric => (value.Kind == WireKind.Real && KeyColumnRule.IsInteger(value.Real)) || (value.Kind == WireKind.Text && Number(value.Bytes) != null),
        KeyAffinity.Real => value.Kind == WireKind.Integer || (value.Kind == WireKind.Text && Number(value.Bytes) != null),
        _ => false,
    };

    private static double? Number(in WireValue value) => value.Kind switch
    {
        WireKind.Integer => value.Integer,
        WireKind.Real => value.Real,
        WireKind.Text => Number(value.Bytes),
        _ => null,
    };

    private static double? Number(ReadOnlySpan<byte> text) =>
        text.Length <= MaxTextLength && !text.ContainsAnyExcept(Letters)
        && double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out double number) ? number : null;
}
