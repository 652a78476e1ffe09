using System.Globalization;
using System.Text.Json;
using ChunkSync.Format;
using ChunkSync.Tests.Host;
using Xunit.Abstractions;

namespace ChunkSync.Tests.Format;

/// <summary>The managed codec does what liblz4 does, byte for byte: a sample here, as many inputs as CHUNKSYNC_LZ4 says at length.
/// CHUNKSYNC_LZ4_LIBRARY names another liblz4 than the system's.</summary>
public unsafe class Lz4IdentityTests(ITestOutputHelper output)
{
    private const int Sample = 5_000;

    private static int Count { get; } = int.TryParse(
        Environment.GetEnvironmentVariable("CHUNKSYNC_LZ4"), CultureInfo.InvariantCulture, out int count) ? count : Sample;

    [Lz4LibraryFact, Soak("lz4-compress", Weight = 0.5)]
    public void Blocks_are_the_same_when_both_codecs_compress()
    {
        using Effort effort = Effort.Start("lz4-compress", output, Count);
        output.WriteLine($"beside {Lz4Codec.Native}");
        int room = Lz4.Bound(Lz4Inputs.Longest);
        using GuardedBuffer data = new(Lz4Inputs.Longest);
        using GuardedBuffer native = new(room);
        using GuardedBuffer managed = new(room);
        byte[] input = new byte[Lz4Inputs.Longest];
        while (effort.Next("inputs"))
        {
            int length = Lz4Inputs.Fill(effort.Random, input);
            byte* source = data.Put(input.AsSpan(0, length));
            int whole = Compare(native, managed, source, length, Lz4.Bound(length));
            Assert.NotEqual(0, whole);
            foreach (int capacity in (int[])[whole, whole - 1, length - 1, effort.Random.Next(whole)])
            {
                Assert.Equal(capacity >= whole ? whole : 0, Compare(native, managed, source, length, Math.Max(capacity, 0)));
            }

            int stored = Lz4Codec.Managed.Compress(source, length, managed.Start, managed.Capacity);
            byte* back = native.End - length;
            Assert.Equal(length, Lz4Codec.Managed.Decompress(managed.Start, stored, back, length));
            Assert.True(new ReadOnlySpan<byte>(back, length).SequenceEqual(input.AsSpan(0, length)), $"{length} bytes do not come back");
            effort.Add("bytes", length);
            effort.Add("compressed_bytes", whole);
        }

        Assert.True(Effort.IsRepeat || effort.Count("compressed_bytes") > effort.Count("bytes") / 10);
    }

    [Lz4LibraryFact]
    public void Blocks_are_the_same_when_samples_and_lengths_around_the_tables_limit_are_compressed()
    {
        Random random = new(Seed.Next(output));
        foreach (byte[] data in Lz4Samples.All(random))
        {
            Assert.Equal(Lz4Codec.Library.Compress(data), Lz4Codec.Managed.Compress(data));
        }

        byte[] all = new byte[65_600];
        for (int kind = 0; kind < 9; kind++)
        {
            Lz4Inputs.Fill(random, all, kind);
            for (int length = 65_530; length <= 65_560; length++)
            {
                Assert.Equal(Lz4Codec.Library.Compress(all[..length]), Lz4Codec.Managed.Compress(all[..length]));
            }
        }
    }

    [Lz4LibraryFact, Soak("lz4-decompress", Weight = 0.5)]
    public void Same_blocks_are_accepted_when_both_codecs_decompress()
    {
        using Effort effort = Effort.Start("lz4-decompress", output, Count * 5);
        output.WriteLine($"beside {Lz4Codec.Native}");
        using GuardedBuffer source = new(2000);
        using GuardedBuffer native = new(6000);
        using GuardedBuffer managed = new(6000);
        while (effort.Next("blocks"))
        {
            (byte[] block, int capacity) = Lz4Blocks.Next(effort.Random);
            byte* input = source.Put(block);
            int expected = Lz4Codec.Library.Decompress(input, block.Length, native.End - capacity, capacity);
            int actual = Lz4Codec.Managed.Decompress(input, block.Length, managed.End - capacity, capacity);
            bool same = expected < 0
                ? actual < 0
                : actual == expected && new ReadOnlySpan<byte>(native.End - capacity, actual).SequenceEqual(new(managed.End - capacity, actual));
            Assert.True(same, $"{Convert.ToHexString(block)} into {capacity}: liblz4 {expected}, managed {actual}");
            effort.Add("accepted", actual < 0 ? 0 : 1);
        }

        long blocks = effort.Count("blocks");
        Assert.True(Effort.IsRepeat || effort.Count("accepted") * 10 / blocks is > 0 and < 9);
    }

    [Fact]
    public void Recorded_body_is_compressed_to_the_recorded_bytes_when_the_managed_codec_does_it()
    {
        int compressed = 0;
        int stored = 0;
        foreach (byte[] payload in FixtureData.Names.AsEnumerable<object[]>().SelectMany(row => Recorded((string)row[0])))
        {
            ContainerHeader header = ContainerHeader.Read(payload);
            byte[] kept = payload[ContainerHeader.Length..];
            if (header.ExpandedSize == 0)
            {
                Assert.True(kept.Length < Lz4Codec.Managed.Compress(kept).Length);
                stored++;
                continue;
            }

            byte[] body = Lz4Codec.Managed.Decompress(kept, (int)header.ExpandedSize)!;
            Assert.Equal((int)header.ExpandedSize, body.Length);
            Assert.Equal(kept, Lz4Codec.Managed.Compress(body));
            compressed++;
        }

        output.WriteLine($"{compressed} compressed, {stored} stored");
        Assert.InRange(compressed, 50, 1000);
    }

    private static int Compare(GuardedBuffer native, GuardedBuffer managed, byte* source, int length, int capacity)
    {
        byte* left = native.End - capacity;
        byte* right = managed.End - capacity;
        int expected = Lz4Codec.Library.Compress(source, length, left, capacity);
        int actual = Lz4Codec.Managed.Compress(source, length, right, capacity);
        bool same = expected == actual && new ReadOnlySpan<byte>(left, expected).SequenceEqual(new(right, expected));
        Assert.True(same, $"{length} bytes into {capacity}: liblz4 {expected}, managed {actual}");
        return actual;
    }

    private static IEnumerable<byte[]> Recorded(string name)
    {
        foreach (string line in File.ReadLines(Fixtures.File(name + ".chunks.jsonl")))
        {
            using JsonDocument document = JsonDocument.Parse(line);
            if (document.RootElement.TryGetProperty("payload_hex", out JsonElement hex))
            {
                yield return Convert.FromHexString(hex.GetString()!);
            }
        }
    }
}
