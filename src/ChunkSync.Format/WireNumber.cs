namespace ChunkSync.Format;

/// <summary>SQLite's conversion of values to integers, of any storage class.</summary>
internal static class WireNumber
{
    /// <summary>A value as an integer: what is beyond the ends of 64 bits becomes the end.</summary>
    public static long Of(in WireValue value) => value.Kind switch
    {
        WireKind.Integer => value.Integer,
        WireKind.Real when value.Real >= long.MaxValue => long.MaxValue,
        WireKind.Real when value.Real <= long.MinValue => long.MinValue,
        WireKind.Real => double.IsNaN(value.Real) ? 0 : (long)value.Real,
        WireKind.Null => 0,
        _ => Of(value.Bytes),
    };

    /// <summary>The number that a text begins with, behind white space; 0 when it begins with none.</summary>
    private static long Of(ReadOnlySpan<byte> text)
    {
        text = text.TrimStart(" \t\n\v\f\r"u8);
        bool negative = !text.IsEmpty && text[0] == '-';
        text = !text.IsEmpty && text[0] is (byte)'-' or (byte)'+' ? text[1..] : text;
        long number = 0;
        for (int i = 0; i < text.Length && text[i] is >= (byte)'0' and <= (byte)'9'; i++)
        {
            int digit = text[i] - '0';
            if (number > (long.MaxValue - digit) / 10)
            {
                return negative ? long.MinValue : long.MaxValue;
            }

            number = (10 * number) + digit;
        }

        return negative ? -number : number;
    }
}
