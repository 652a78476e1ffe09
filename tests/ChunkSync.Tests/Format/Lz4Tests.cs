using ChunkSync.Format;
using ChunkSync.Tests.Host;
using Xunit.Abstractions;

namespace ChunkSync.Tests.Format;

/// <summary>The managed LZ4 codec, alone and together with liblz4.</summary>
public class Lz4Tests(ITestOutputHelper output)
{
    [Fact]
    public void Data_come_back_when_the_managed_codec_compresses_and_decompresses()
    {
        foreach (byte[] data in Lz4Samples.All(new Random(Seed.Next(output))))
        {
            byte[] block = Lz4Codec.Managed.Compress(data);
            Assert.Equal(data, NaiveLz4.Decode(block, data.Length)?.Data);
            Assert.Equal(data, Lz4Codec.Managed.Decompress(block, data.Length));
            Assert.Equal(data, Lz4Codec.Managed.Decompress(block, data.Length + 77));
        }
    }

    [Lz4LibraryFact]
    public void Data_come_back_when_the_managed_codec_compresses_and_liblz4_decompresses()
    {
        foreach (byte[] data in Lz4Samples.All(new Random(Seed.Next(output))))
        {
            Assert.Equal(data, Lz4Codec.Library.Decompress(Lz4Codec.Managed.Compress(data), data.Length));
        }
    }

    [Lz4LibraryFact]
    public void Data_come_back_when_liblz4_compresses_and_the_managed_codec_decompresses()
    {
        int furthest = 0;
        foreach (byte[] data in Lz4Samples.All(new Random(Seed.Next(output))))
        {
            byte[] block = Lz4Codec.Library.Compress(data);
            Assert.Equal(data, Lz4Codec.Managed.Decompress(block, data.Length));
            furthest = Math.Max(furthest, NaiveLz4.Decode(block, data.Length)!.MaxOffset);
        }

        Assert.Equal(65_535, furthest);
    }

    [Fact]
    public void Block_obeys_the_rules_of_its_end_when_the_managed_codec_compresses()
    {
        int furthest = 0;
        foreach (byte[] data in Lz4Samples.All(new Random(Seed.Next(output))))
        {
            NaiveLz4 decoded = NaiveLz4.Decode(Lz4Codec.Managed.Compress(data), data.Length)!;
            bool hasMatch = decoded.LastMatch >= 0;
            Assert.True(!hasMatch || decoded.LastLiterals >= 5, "the last five bytes are literals");
            Assert.True(!hasMatch || decoded.LastMatch <= data.Length - 12, "the last match starts twelve bytes before the end");
            furthest = Math.Max(furthest, decoded.MaxOffset);
        }

        Assert.Equal(65_535, furthest);
    }

    [Fact]
    public void Block_is_small_when_data_repeat()
    {
        Assert.InRange(Lz4Codec.Managed.Compress(new byte[1_000_000]).Length, 3900, 4000);
        Assert.InRange(Lz4Codec.Managed.Compress([.. Enumerable.Range(0, 30_000).Select(i => (byte)(i % 23))]).Length, 140, 170);
    }

    [Fact]
    public void Compression_fails_or_is_complete_when_the_target_is_short()
    {
        Random random = new(Seed.Next(output));
        foreach (byte[] data in Lz4Samples.All(random).Where(data => data.Length < 2000))
        {
            byte[] whole = Lz4Codec.Managed.Compress(data);
            for (int capacity = whole.Length < 60 ? 0 : whole.Length - 10; capacity <= whole.Length + 3; capacity++)
            {
                Assert.Equal(capacity < whole.Length ? [] : whole, Lz4Codec.Managed.Compress(data, capacity));
            }
        }
    }

    [Fact]
    public void Decompression_fails_when_the_target_is_short()
    {
        foreach (byte[] data in Lz4Samples.All(new Random(Seed.Next(output))).Where(data => data.Length < 1000))
        {
            byte[] block = Lz4Codec.Managed.Compress(data);
            for (int capacity = Math.Max(data.Length - 30, 0); capacity < data.Length; capacity++)
            {
                Assert.Null(Lz4Codec.Managed.Decompress(block, capacity));
            }
        }
    }

    [Fact]
    public void Managed_codec_agrees_with_the_naive_one_when_blocks_are_cut()
    {
        foreach (byte[] data in Lz4Samples.All(new Random(Seed.Next(output))).Where(data => data.Length < 700))
        {
            byte[] block = Lz4Codec.Managed.Compress(data);
            for (int length = 0; length < block.Length; length += block.Length < 80 ? 1 : 7)
            {
                byte[] cut = block[..length];
                Assert.Equal(NaiveLz4.Decode(cut, data.Length)?.Data, Lz4Codec.Managed.Decompress(cut, data.Length));
            }
        }
    }

    [Fact]
    public void Managed_codec_agrees_with_the_naive_one_when_blocks_are_damaged()
    {
        Random random = new(Seed.Next(output));
        byte[][] samples = [.. Lz4Samples.All(random).Where(data => data.Length is > 0 and < 3000)];
        int accepted = 0;
        const int Rounds = 30_000;
        for (int round = 0; round < Rounds; round++)
        {
            byte[] data = samples[random.Next(samples.Length)];
            byte[] block = Lz4Codec.Managed.Compress(data);
            for (int i = random.Next(1, 5); i > 0; i--)
            {
                block[random.Next(block.Length)] = (byte)(random.Next(3) == 0 ? 255 : random.Next(256));
            }

            int capacity = Math.Max(data.Length + random.Next(-5, 300), 0);
            byte[]? result = Lz4Codec.Managed.Decompress(block, capacity);
            Assert.Equal(NaiveLz4.Decode(block, capacity)?.Data, result);
            accepted += result == null ? 0 : 1;
        }

        output.WriteLine($"{accepted} of {Rounds} accepted");
        Assert.InRange(accepted, 1000, Rounds - 1000);
    }

    [Fact]
    public void Managed_codec_agrees_with_the_naive_one_when_blocks_end_where_they_please()
    {
        int seed = Seed.Next(output);
        int accepted = 0;
        const int Rounds = 30_000;
        for (int round = 0; round < Rounds; round++)
        {
            (byte[] block, int capacity) = Lz4Blocks.Next(new Random(unchecked(seed + round)));
            byte[]? result = Lz4Codec.Managed.Decompress(block, capacity);
            Assert.Equal(NaiveLz4.Decode(block, capacity)?.Data, result);
            accepted += result == null ? 0 : 1;
        }

        output.WriteLine($"{accepted} of {Rounds} accepted");
        Assert.InRange(accepted, Rounds / 10, Rounds - (Rounds / 10));
    }

    [Theory]
    [InlineData("", "no token")]
    [InlineData("10", "a literal too few")]
    [InlineData("F0", "a length without its rest")]
    [InlineData("F0FFFFFFFF", "a length that does not end")]
    [InlineData("F0FFFFFF00", "more literals than there are")]
    [InlineData("106101", "half an offset")]
    [InlineData("10610000", "offset 0")]
    [InlineData("10610200", "an offset before the beginning")]
    [InlineData("000100", "an offset before the beginning")]
    [InlineData("10610100", "a match at the end")]
    [InlineData("1F610100FFFFFFFF0000", "a match longer than the target")]
    public void Block_is_refused_when_it_is_malformed(string hex, string what)
    {
        byte[]? result = Lz4Codec.Managed.Decompress(Convert.FromHexString(hex), 600);
        Assert.True(result == null, what);
    }

    [Theory]
    [InlineData("00", "")]
    [InlineData("1061", "61")]
    [InlineData("1161", "61")]
    [InlineData("1061010050626262626200", null)]
    [InlineData("106101005062626262", null)]
    [InlineData("10610100506262626262", "61616161616262626262")]
    [InlineData("10610000506262626262", "61000000006262626262")]
    [InlineData("1461010000", null)]
    [InlineData("E86162636465666768696A6B6C6D6E0E0000", "6162636465666768696A6B6C6D6E6162636465666768696A6B6C")]
    [InlineData("E86162636465666768696A6B6C6D6E010000", "6162636465666768696A6B6C6D6E6E6E6E6E6E6E6E6E6E6E6E6E")]
    public void Block_is_read_as_written_when_it_is_made_by_hand(string hex, string? expected)
    {
        byte[]? result = Lz4Codec.Managed.Decompress(Convert.FromHexString(hex), 600);
        Assert.Equal(expected, result == null ? null : Convert.ToHexString(result));
    }

    [Theory]
    [InlineData(0, 16)]
    [InlineData(254, 270)]
    [InlineData(255, 272)]
    [InlineData(65536, 65809)]
    [InlineData(0x7E000000, 0x7E7E7E8E)]
    public void Bound_equals_the_published_formula_when_asked(int length, int expected) => Assert.Equal(expected, Lz4.Bound(length));
}
