using System.Text;
using ChunkSync.Format;
using ChunkSync.Tests.Host;

namespace ChunkSync.Tests.Format;

/// <summary>Values through the codec. A value is null, a long, a double, a string or <see cref="RawText"/>, or a byte array.</summary>
internal static unsafe class Wire
{
    /// <summary>Every length at which the width of a length changes and that can be tried, and its neighbours.</summary>
    public static int[] Lengths { get; } = [0, 1, 2, 254, 255, 256, 257, 65534, 65535, 65536, 65537, 16777215, 16777216];

    /// <summary>Powers of two with their neighbours and opposites, zero and both ends.</summary>
    public static IEnumerable<long> Integers()
    {
        HashSet<long> integers = [0, long.MinValue, long.MinValue + 1, long.MaxValue];
        for (int bit = 0; bit < 63; bit++)
        {
            long power = 1L << bit;
            integers.UnionWith([power - 1, power, power + 1, -power - 1, -power, -power + 1]);
        }

        return integers;
    }

    /// <summary>Reals of every kind; NaN with either sign and with a payload.</summary>
    public static double[] Reals() =>
    [
        0.0, -0.0, 1.5, -1.5, 0.1, -0.1, double.Epsilon, -double.Epsilon, 2.2250738585072014E-308, -2.2250738585072014E-308,
        double.MaxValue, double.MinValue, double.PositiveInfinity, double.NegativeInfinity, double.NaN,
        BitConverter.Int64BitsToDouble(0x7FF8000000000000), BitConverter.Int64BitsToDouble(0x7FFABCDEF0123456),
    ];

    /// <summary>Values of all kinds, none longer than <paramref name="longest"/> bytes.</summary>
    public static List<object?> Samples(int longest)
    {
        List<object?> samples = [null, "", "a", "two words", "über 漢字", "nul\0inside", new RawText([0xFF, 0xC0, 0x80])];
        samples.AddRange(Integers().Cast<object?>());
        samples.AddRange(Reals().Cast<object?>());
        foreach (int length in Lengths.Where(length => length <= longest))
        {
            byte[] data = new byte[length];
            new Random(length).NextBytes(data);
            samples.Add(data);
            samples.Add(new RawText(data));
        }

        return samples;
    }

    /// <summary>Encodes into memory that has exactly the announced size.</summary>
    public static byte[] Encode(object? value)
    {
        long size = SizeOf(value);
        using GuardedBuffer memory = new(size);
        byte* target = memory.TakeAtEnd(size);
        byte* behind = Write(target, value);
        Assert.True(behind == memory.End, $"{size} bytes were announced, {behind - target} written");
        memory.AssertUntouchedBeside(target, size);
        return new ReadOnlySpan<byte>(target, (int)size).ToArray();
    }

    /// <summary>Fails unless the decoded value is that one, reals to the bit.</summary>
    public static void AssertSame(object? expected, in WireValue actual)
    {
        switch (expected)
        {
            case null:
                Assert.Equal(WireKind.Null, actual.Kind);
                break;
            case long integer:
                Assert.Equal((WireKind.Integer, integer), (actual.Kind, actual.Integer));
                break;
            case double real:
                Assert.Equal(
                    (WireKind.Real, BitConverter.DoubleToInt64Bits(real)), (actual.Kind, BitConverter.DoubleToInt64Bits(actual.Real)));
                break;
            default:
                Assert.Equal(expected is string or RawText ? WireKind.Text : WireKind.Blob, actual.Kind);
                Assert.True(DataOf(expected).SequenceEqual(actual.Bytes), "the bytes differ");
                break;
        }
    }

    /// <summary>The bytes of a text or blob.</summary>
    public static ReadOnlySpan<byte> DataOf(object value) => value switch
    {
        string text => Encoding.UTF8.GetBytes(text),
        RawText raw => raw.Bytes,
        _ => (byte[])value,
    };

    private static long SizeOf(object? value) => value switch
    {
        null => ValueCodec.SizeOfNull,
        long integer => ValueCodec.SizeOfInteger(integer),
        double => ValueCodec.SizeOfReal,
        _ => ValueCodec.SizeOfBytes(DataOf(value).Length),
    };

    private static byte* Write(byte* target, object? value)
    {
        switch (value)
        {
            case null:
                return ValueCodec.WriteNull(target);
            case long integer:
                return ValueCodec.WriteInteger(target, integer);
            case double real:
                return ValueCodec.WriteReal(target, real);
            default:
                ReadOnlySpan<byte> data = DataOf(value);
                fixed (byte* bytes = data)
                {
                    return ValueCodec.WriteBytes(target, value is string or RawText ? ValueCodec.Text : ValueCodec.Blob, bytes, data.Length);
                }
        }
    }
}
