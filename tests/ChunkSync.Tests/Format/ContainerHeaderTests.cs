using System.Buffers.Binary;
using ChunkSync.Format;
using ChunkSync.Tests.Host;
using Xunit.Abstractions;

namespace ChunkSync.Tests.Format;

/// <summary>The 32 bytes in front of a body.</summary>
public unsafe class ContainerHeaderTests(ITestOutputHelper output)
{
    [Theory]
    [InlineData(WorkedExamples.PlainHeader, 2, 0, 9, 1, 0xAFA81A17A7980F4D, 0x17C63573D026)]
    [InlineData(WorkedExamples.CompressedHeader, 2, 391, 9, 9, 0x6B80C24C94557C65, 0x8594AF875019)]
    [InlineData(WorkedExamples.FragmentHeader, 3, 262112, 9, 1, 0x6B80C24C94557C65, 0x72BAA1D8F6BB)]
    public void Fields_equal_the_recorded_ones_when_a_recorded_header_is_read(
        string hex, byte version, uint expanded, ushort columns, uint rows, ulong schema, ulong checksum)
    {
        byte[] bytes = Convert.FromHexString(hex);
        ContainerHeader header = ContainerHeader.Read(bytes);
        Assert.True(header.HasMagic);
        Assert.Equal(version, header.Version);
        Assert.Equal((expanded, columns, rows), (header.ExpandedSize, header.Columns, header.Rows));
        Assert.Equal((schema, checksum), (header.SchemaHash, header.Checksum));
        Assert.Equal(hex, Convert.ToHexString(Written(header)));
    }

    [Theory]
    [InlineData(ContainerHeader.LegacyVersion)]
    [InlineData(ContainerHeader.RowsVersion)]
    [InlineData(ContainerHeader.FragmentVersion)]
    public void Header_comes_back_when_it_is_written_and_read(byte version)
    {
        Random random = new(Seed.Next(output));
        using GuardedBuffer memory = new(ContainerHeader.Length);
        for (int round = 0; round < 2000; round++)
        {
            ContainerHeader header = new()
            {
                Version = version,
                ExpandedSize = (uint)Pick(random, 32),
                Columns = (ushort)Pick(random, 16),
                Rows = (uint)Pick(random, 32),
                SchemaHash = Pick(random, 64),
                Checksum = Pick(random, 48),
            };
            byte[] bytes = Written(header);
            ContainerHeader read = ContainerHeader.Read(new ReadOnlySpan<byte>(memory.Put(bytes), bytes.Length));
            Assert.True(read.HasMagic);
            Assert.Equal(header with { HasMagic = true }, read);
            Assert.Equal("CLSY"u8.ToArray(), bytes[..4]);
            Assert.Equal(new byte[] { version, 1, 1, 4 }, bytes[4..8]);
        }
    }

    [Fact]
    public void Magic_is_missed_when_any_of_its_bits_is_wrong()
    {
        for (int bit = 0; bit < 32; bit++)
        {
            byte[] bytes = Convert.FromHexString(WorkedExamples.PlainHeader);
            bytes[bit / 8] ^= (byte)(1 << (bit % 8));
            Assert.False(ContainerHeader.Read(bytes).HasMagic);
        }
    }

    [Fact]
    public void Header_reads_alike_when_the_writer_has_another_version()
    {
        byte[] bytes = Convert.FromHexString(WorkedExamples.PlainHeader);
        ContainerHeader header = ContainerHeader.Read(bytes);
        bytes.AsSpan(5, 3).Fill(9);
        Assert.Equal(header, ContainerHeader.Read(bytes));
    }

    [Theory]
    [InlineData(0UL, 0UL)]
    [InlineData(ulong.MaxValue, 0xFFFFFFFFFFFF)]
    [InlineData(0x853F17C63573D026, 0x17C63573D026)]
    [InlineData(0x0001000000000000, 0UL)]
    public void Checksum_keeps_its_low_48_bits_when_it_is_stored(ulong hash, ulong expected)
    {
        Assert.Equal(expected, ContainerHeader.Low48(hash));
        Assert.Equal(expected, ContainerHeader.Read(Written(new ContainerHeader { Checksum = hash })).Checksum);
    }

    /// <summary>A random number of that many bits, often with only its ends set.</summary>
    private static ulong Pick(Random random, int bits)
    {
        ulong mask = ulong.MaxValue >> (64 - bits);
        return random.Next(4) switch
        {
            0 => 0,
            1 => mask,
            2 => 1UL << random.Next(bits),
            _ => BinaryPrimitives.ReverseEndianness((ulong)random.NextInt64(long.MinValue, long.MaxValue)) & mask,
        };
    }

    private static byte[] Written(ContainerHeader header)
    {
        using GuardedBuffer memory = new(ContainerHeader.Length);
        byte* target = memory.TakeAtEnd(ContainerHeader.Length);
        header.Write(new Span<byte>(target, ContainerHeader.Length));
        memory.AssertUntouchedBeside(target, ContainerHeader.Length);
        return new ReadOnlySpan<byte>(target, ContainerHeader.Length).ToArray();
    }
}
