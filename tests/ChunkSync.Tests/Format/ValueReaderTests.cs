using ChunkSync.Format;
using ChunkSync.Tests.Host;
using Xunit.Abstractions;

namespace ChunkSync.Tests.Format;

/// <summary>Reading values from memory that ends where the payload ends.</summary>
public unsafe class ValueReaderTests(ITestOutputHelper output)
{
    private const int Rounds = 300_000;

    [Fact]
    public void Value_is_refused_when_its_encoding_is_cut_anywhere()
    {
        using GuardedBuffer memory = new(70_000);
        foreach (object? value in Wire.Samples(longest: 65_537))
        {
            byte[] bytes = Wire.Encode(value);
            for (int length = 0; length < bytes.Length; length += length is > 300 && length < bytes.Length - 300 ? 97 : 1)
            {
                ValueReader reader = new(memory.Put(bytes.AsSpan(0, length)), length);
                Assert.False(reader.TryRead(out _), $"{length} of {bytes.Length} bytes");
                Assert.Equal((0, length), (reader.Offset, reader.Remaining));
            }
        }
    }

    [Fact]
    public void Whole_values_are_read_when_a_row_is_cut_anywhere()
    {
        object?[] row = ["t", new byte[] { 1, 9, 1 }, "a", 2.5, 300L, -70_000L, new byte[16], null, long.MinValue];
        byte[][] encoded = [.. row.Select(Wire.Encode)];
        byte[] bytes = [.. encoded.SelectMany(value => value)];
        using GuardedBuffer memory = new(bytes.Length);
        for (int length = 0; length <= bytes.Length; length++)
        {
            ValueReader reader = new(memory.Put(bytes.AsSpan(0, length)), length);
            int count = 0;
            int used = 0;
            while (reader.TryRead(out WireValue value))
            {
                Wire.AssertSame(row[count], value);
                used += encoded[count++].Length;
                Assert.Equal((used, length - used), (reader.Offset, reader.Remaining));
            }

            Assert.True(count == row.Length ? used == length : used + encoded[count].Length > length);
        }
    }

    [Theory]
    [InlineData("", "no byte")]
    [InlineData("01", "an integer without bytes")]
    [InlineData("00", "a negative integer without bytes")]
    [InlineData("03", "a text without a length")]
    [InlineData("04", "a blob without a length")]
    [InlineData("49000000000000000001", "nine bytes of integer")]
    [InlineData("48000000000000000001", "nine bytes of negative integer")]
    [InlineData("4B00000000000000000161", "nine bytes of length")]
    [InlineData("4C00000000000000000161", "nine bytes of length")]
    [InlineData("418000000000000000", "2^63")]
    [InlineData("41FFFFFFFFFFFFFFFF", "2^64 - 1")]
    [InlineData("408000000000000000", "-2^63 as a magnitude")]
    [InlineData("0A000000000000F83F00", "a real with a byte count")]
    [InlineData("0F000000000000F83F00", "a negative real with a byte count")]
    [InlineData("0D00", "a NULL with a byte count")]
    [InlineData("0E00", "a smallest integer with a byte count")]
    [InlineData("0B0461626F", "a length one behind the end")]
    [InlineData("43FFFFFFFFFFFFFFFF6161", "a length of 2^64 - 1")]
    [InlineData("447FFFFFFFFFFFFFFF6161", "a length of 2^63 - 1")]
    [InlineData("4480000000000000006161", "a length of 2^63")]
    [InlineData("24FFFFFFFF6161", "a length of 2^32 - 1")]
    public void Value_is_refused_when_it_is_malformed(string hex, string what)
    {
        byte[] bytes = Convert.FromHexString(hex);
        using GuardedBuffer memory = new(bytes.Length);
        ValueReader reader = new(memory.Put(bytes), bytes.Length);
        Assert.False(reader.TryRead(out _), what);
        Assert.Equal((0, bytes.Length), (reader.Offset, reader.Remaining));
    }

    [Fact]
    public void Lead_byte_is_refused_when_its_count_does_not_belong_to_its_kind()
    {
        using GuardedBuffer memory = new(100);
        for (int lead = 0; lead < 256; lead++)
        {
            byte[] bytes = new byte[60];
            bytes[0] = (byte)lead;
            int kind = lead & 7;
            int count = lead >> 3;
            ValueReader reader = new(memory.Put(bytes), bytes.Length);
            bool expected = kind is 0 or 1 or 3 or 4 ? count is >= 1 and <= 8 : count == 0;
            Assert.Equal(expected, reader.TryRead(out _));
            Assert.Equal(!expected ? 0 : kind is 2 or 7 ? 9 : 1 + count, reader.Offset);
        }
    }

    [Theory]
    [InlineData("410000000000000007", 7L)]
    [InlineData("1900012C", 300L)]
    [InlineData("1000FF", -255L)]
    [InlineData("0800", 0L)]
    [InlineData("13000161", "a")]
    [InlineData("43000000000000000161", "a")]
    [InlineData("230000000161", "a")]
    public void Value_is_read_when_its_number_has_more_bytes_than_needed(string hex, object expected)
    {
        byte[] bytes = Convert.FromHexString(hex);
        using GuardedBuffer memory = new(bytes.Length);
        ValueReader reader = new(memory.Put(bytes), bytes.Length);
        Assert.True(reader.TryRead(out WireValue value));
        Wire.AssertSame(expected, value);
        Assert.Equal(0, reader.Remaining);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(-1)]
    [InlineData(long.MinValue)]
    public void Nothing_is_read_when_there_are_no_bytes(long length)
    {
        using GuardedBuffer memory = new(1);
        ValueReader reader = new(memory.End, length);
        Assert.Equal(0, reader.Remaining);
        Assert.False(reader.TryRead(out _));
    }

    [Fact]
    public void Reader_agrees_with_the_naive_one_when_bytes_are_random()
    {
        Random random = new(Seed.Next(output));
        using GuardedBuffer memory = new(1000);
        int read = 0;
        for (int round = 0; round < Rounds; round++)
        {
            byte[] bytes = RandomBytes(random);
            byte* start = memory.Put(bytes);
            ValueReader reader = new(start, bytes.Length);
            int at = 0;
            while (NaiveValue.TryRead(bytes[at..], out object? expected, out int used))
            {
                Assert.True(reader.TryRead(out WireValue value), $"{Convert.ToHexString(bytes)} at {at}");
                Wire.AssertSame(expected, value);
                bool hasData = value.Kind is WireKind.Text or WireKind.Blob;
                Assert.True(!hasData || (value.Data >= start && value.Data + value.Length <= memory.End));
                at += used;
                Assert.Equal(at, reader.Offset);
                read++;
            }

            Assert.False(reader.TryRead(out _), $"{Convert.ToHexString(bytes)} at {at}");
            Assert.Equal(at, reader.Offset);
        }

        Assert.True(read > Rounds / 2, $"only {read} values were well formed");
    }

    /// <summary>Random bytes, in two of three cases beginning with what a value could begin with.</summary>
    private static byte[] RandomBytes(Random random)
    {
        byte[] bytes = new byte[random.Next(40)];
        random.NextBytes(bytes);
        if (bytes.Length == 0 || random.Next(3) == 0)
        {
            return bytes;
        }

        int kind = random.Next(8);
        int count = kind is 0 or 1 or 3 or 4 ? random.Next(1, 9) : 0;
        bytes[0] = (byte)((count << 3) | kind);
        for (int i = 1; i < count && i < bytes.Length; i++)
        {
            bytes[i] = random.Next(8) == 0 ? bytes[i] : (byte)0;
        }

        if (count > 0 && count < bytes.Length && random.Next(4) != 0)
        {
            bytes[count] = (byte)random.Next(bytes.Length + 2);
        }

        return bytes;
    }
}
