using ChunkSync.Format;
using ChunkSync.Tests.Host;

namespace ChunkSync.Tests.Format;

/// <summary>The encoding of values.</summary>
public unsafe class ValueCodecTests
{
    /// <summary>A value and its bytes, from the specification.</summary>
    public static TheoryData<object?, string> Examples => new()
    {
        { 0L, "0900" },
        { -1L, "0801" },
        { 7L, "0907" },
        { 255L, "09FF" },
        { 256L, "110100" },
        { -256L, "100100" },
        { 1L << 32, "290100000000" },
        { long.MaxValue, "417FFFFFFFFFFFFFFF" },
        { -long.MaxValue, "407FFFFFFFFFFFFFFF" },
        { long.MinValue, "06" },
        { 1.5, "02000000000000F83F" },
        { -1.5, "07000000000000F83F" },
        { 0.0, "020000000000000000" },
        { -0.0, "020000000000000080" },
        { double.PositiveInfinity, "02000000000000F07F" },
        { double.NegativeInfinity, "07000000000000F07F" },
        { "a", "0B0161" },
        { "", "0B00" },
        { "ü", "0B02C3BC" },
        { Array.Empty<byte>(), "0C00" },
        { new byte[] { 1, 2 }, "0C020102" },
        { null, "05" },
    };

    /// <summary>Key values and the key blob of them, from the specification.</summary>
    public static TheoryData<object?[], string> Keys => new()
    {
        { ["x"], "010B0178" },
        { ["a", 1L, new byte[] { 0xFF }, 2.5], "040B016109010C01FF020000000000000440" },
        { [1.5], "0102000000000000F83F" },
        { [long.MinValue], "0106" },
        { ["q", 9L], "020B01710909" },
    };

    [Theory]
    [MemberData(nameof(Examples))]
    public void Bytes_equal_the_specification_when_a_value_is_encoded(object? value, string expected) =>
        Assert.Equal(expected, Convert.ToHexString(Wire.Encode(value)));

    [Theory]
    [MemberData(nameof(Keys))]
    public void Bytes_equal_the_specification_when_key_values_are_encoded(object?[] values, string expected) =>
        Assert.Equal(expected, Convert.ToHexString([(byte)values.Length, .. values.SelectMany(Wire.Encode)]));

    [Theory]
    [InlineData(0, "0C00")]
    [InlineData(255, "0CFF")]
    [InlineData(256, "140100")]
    [InlineData(300, "14012C")]
    [InlineData(65535, "14FFFF")]
    [InlineData(65536, "1C010000")]
    [InlineData(16777215, "1CFFFFFF")]
    [InlineData(16777216, "2401000000")]
    [InlineData(int.MaxValue, "247FFFFFFF")]
    [InlineData(1L << 32, "2C0100000000")]
    [InlineData(1L << 40, "34010000000000")]
    [InlineData(1L << 48, "3C01000000000000")]
    [InlineData(1L << 56, "440100000000000000")]
    [InlineData(long.MaxValue - 9, "447FFFFFFFFFFFFFF6")]
    public void Length_takes_the_fewest_bytes_when_it_is_written(long length, string expected)
    {
        using GuardedBuffer memory = new(ValueCodec.MaxHeader);
        foreach ((int kind, string digits) in new[] { (ValueCodec.Blob, expected), (ValueCodec.Text, WithTextKind(expected)) })
        {
            byte* target = memory.TakeAtEnd(expected.Length / 2);
            byte* behind = ValueCodec.WriteBytesHeader(target, kind, length);
            Assert.Equal(digits, Convert.ToHexString(new ReadOnlySpan<byte>(target, (int)(behind - target))));
            Assert.Equal((behind - target) + length, ValueCodec.SizeOfBytes(length));
        }
    }

    [Fact]
    public void Integer_takes_the_fewest_bytes_when_it_is_written()
    {
        foreach (long integer in Wire.Integers())
        {
            byte[] bytes = Wire.Encode(integer);
            Int128 magnitude = Int128.Abs(integer);
            int count = 1;
            while (magnitude >= (Int128)1 << (8 * count))
            {
                count++;
            }

            Assert.Equal(integer == long.MinValue ? 1 : 1 + count, bytes.Length);
        }
    }

    [Fact]
    public void Value_comes_back_when_it_is_written_and_read()
    {
        foreach (object? value in Wire.Samples(longest: int.MaxValue))
        {
            byte[] bytes = Wire.Encode(value);
            using GuardedBuffer memory = new(bytes.Length);
            ValueReader reader = new(memory.Put(bytes), bytes.Length);
            Assert.True(reader.TryRead(out WireValue read), $"{value} is not read");
            Wire.AssertSame(value, read);
            Assert.Equal((bytes.Length, 0), (reader.Offset, reader.Remaining));
        }
    }

    [Fact]
    public void Writers_agree_with_the_naive_reader_when_values_of_all_kinds_are_written()
    {
        foreach (object? value in Wire.Samples(longest: 70_000))
        {
            byte[] bytes = Wire.Encode(value);
            Assert.True(NaiveValue.TryRead(bytes, out object? read, out int used));
            Assert.Equal(bytes.Length, used);
            object? expected = value is string ? new RawText(Wire.DataOf(value).ToArray()) : value;
            Assert.Equal(expected, read);
        }
    }

    private static string WithTextKind(string blob) => (Convert.ToByte(blob[..2], 16) - 1).ToString("X2") + blob[2..];
}
