using System.Buffers.Binary;
using System.Numerics;
using System.Runtime.CompilerServices;

namespace ChunkSync.Format;

/// <summary>The encoding of one value (format A.4): a lead byte <c>(n &lt;&lt; 3) | kind</c>, then data.
/// <code>
/// kind 1  integer >= 0   n 1-8  magnitude, big-endian, fewest bytes (0 is one byte 00)
/// kind 0  integer &lt; 0    n 1-8  absolute value, big-endian, fewest bytes
/// kind 6  -2^63          n 0    nothing
/// kind 2  real           n 0    8 bytes IEEE-754 little-endian (>= 0 and -0.0)
/// kind 7  real &lt; 0       n 0    8 bytes IEEE-754 little-endian of the absolute value
/// kind 3  text           n 1-8  length, big-endian, fewest bytes, then UTF-8 bytes
/// kind 4  blob           n 1-8  length, likewise, then bytes
/// kind 5  NULL           n 0    nothing
/// </code></summary>
internal static unsafe class ValueCodec
{
    public const int NegativeInteger = 0;
    public const int Integer = 1;
    public const int Real = 2;
    public const int Text = 3;
    public const int Blob = 4;
    public const int Null = 5;
    public const int MinimumInteger = 6;
    public const int NegativeReal = 7;

    /// <summary>The most bytes that anything but data takes: a lead byte and eight bytes of number.</summary>
    public const int MaxHeader = 9;

    /// <summary>The encoded size of NULL.</summary>
    public const int SizeOfNull = 1;

    /// <summary>The encoded size of any real.</summary>
    public const int SizeOfReal = 9;

    /// <summary>The encoded size of an integer.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static int SizeOfInteger(long value) =>
        (ulong)value <= byte.MaxValue ? 2 : SizeOfLongInteger(value);

    private static int SizeOfLongInteger(long value) =>
        value == long.MinValue ? 1 : 1 + MagnitudeBytes((ulong)(value < 0 ? -value : value));

    /// <summary>The encoded size of a TEXT or BLOB of <paramref name="length"/> bytes.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static long SizeOfBytes(long length) =>
        (ulong)length <= byte.MaxValue ? 2 + length : 1 + MagnitudeBytes((ulong)length) + length;

    /// <summary>The encoded size of a value.</summary>
    public static long SizeOf(in WireValue value) => value.Kind switch
    {
        WireKind.Integer => SizeOfInteger(value.Integer),
        WireKind.Real => SizeOfReal,
        WireKind.Null => SizeOfNull,
        _ => SizeOfBytes(value.Length),
    };

    /// <summary>Writes a value whose bytes are in memory; returns the address behind it.</summary>
    public static byte* Write(byte* target, in WireValue value) => value.Kind switch
    {
        WireKind.Integer => WriteInteger(target, value.Integer),
        WireKind.Real => WriteReal(target, value.Real),
        WireKind.Text => WriteBytes(target, Text, value.Data, value.Length),
        WireKind.Blob => WriteBytes(target, Blob, value.Data, value.Length),
        _ => WriteNull(target),
    };

    /// <summary>Writes an integer; returns the address behind it.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static byte* WriteInteger(byte* target, long value) =>
        (ulong)value <= byte.MaxValue ? WriteByte(target, Integer, (byte)value) : WriteLongInteger(target, value);

    private static byte* WriteLongInteger(byte* target, long value)
    {
        if (value == long.MinValue)
        {
            *target = MinimumInteger;
            return target + 1;
        }

        return value < 0
            ? WriteMagnitude(target, NegativeInteger, (ulong)-value)
            : WriteMagnitude(target, Integer, (ulong)value);
    }

    /// <summary>Writes a real; returns the address behind it.</summary>
    public static byte* WriteReal(byte* target, double value)
    {
        bool negative = value < 0;
        *target = (byte)(negative ? NegativeReal : Real);
        BinaryPrimitives.WriteDoubleLittleEndian(new Span<byte>(target + 1, 8), negative ? -value : value);
        return target + SizeOfReal;
    }

    /// <summary>Writes NULL; returns the address behind it.</summary>
    public static byte* WriteNull(byte* target)
    {
        *target = Null;
        return target + 1;
    }

    /// <summary>Writes lead byte and length of a TEXT (<see cref="Text"/>) or BLOB (<see cref="Blob"/>); the data follow at the
    /// returned address.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static byte* WriteBytesHeader(byte* target, int kind, long length) =>
        (ulong)length <= byte.MaxValue ? WriteByte(target, kind, (byte)length) : WriteMagnitude(target, kind, (ulong)length);

    /// <summary>Writes lead byte and length of a value that is a TEXT or BLOB.</summary>
    public static byte* WriteBytesHeader(byte* target, in WireValue value) =>
        WriteBytesHeader(target, value.Kind == WireKind.Text ? Text : Blob, value.Length);

    /// <summary>Writes a whole TEXT or BLOB; returns the address behind it.</summary>
    public static byte* WriteBytes(byte* target, int kind, byte* data, long length)
    {
        Check.That(length >= 0 && (data != null || length == 0));
        target = WriteBytesHeader(target, kind, length);
        Buffer.MemoryCopy(data, target, length, length);
        return target + length;
    }

    private static int MagnitudeBytes(ulong magnitude) => magnitude == 0 ? 1 : (71 - BitOperations.LeadingZeroCount(magnitude)) >> 3;

    /// <summary>A number of one byte, as most are.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static byte* WriteByte(byte* target, int kind, byte number)
    {
        target[0] = (byte)((1 << 3) | kind);
        target[1] = number;
        return target + 2;
    }

    private static byte* WriteMagnitude(byte* target, int kind, ulong magnitude)
    {
        int count = MagnitudeBytes(magnitude);
        *target++ = (byte)((count << 3) | kind);
        for (int shift = 8 * (count - 1); shift >= 0; shift -= 8)
        {
            *target++ = (byte)(magnitude >> shift);
        }

        return target;
    }
}
