using ChunkSync.Format;
using ChunkSync.Tests.Host;
using Xunit.Abstractions;

namespace ChunkSync.Tests.Format;

/// <summary>Header and body together.</summary>
public unsafe class PayloadContainerTests(ITestOutputHelper output)
{
    [Fact]
    public void Payload_equals_the_recorded_one_when_its_body_does_not_shrink()
    {
        byte[] payload = Finish(Convert.FromHexString(WorkedExamples.PlainBody), ContainerHeader.RowsVersion, 1, 0xAFA81A17A7980F4D);
        Assert.Equal(WorkedExamples.PlainHeader + WorkedExamples.PlainBody, Convert.ToHexString(payload));
    }

    [Fact]
    public void Body_comes_back_when_a_payload_is_finished_and_opened()
    {
        int compressed = 0;
        int stored = 0;
        foreach (byte[] body in Lz4Samples.All(new Random(Seed.Next(output))))
        {
            byte[] payload = Finish(body, ContainerHeader.FragmentVersion, 3, 17);
            ContainerHeader header = ContainerHeader.Read(payload);
            byte[] kept = payload[ContainerHeader.Length..];
            Assert.Equal((3, 9, 3u, 17ul), (header.Version, header.Columns, header.Rows, header.SchemaHash));
            Assert.Equal(Fnv1a64.Of(kept) & 0xFFFF_FFFF_FFFF, header.Checksum);
            Assert.True(kept.Length <= body.Length);
            bool raw = header.ExpandedSize == 0;
            Assert.True(raw || header.ExpandedSize == body.Length);
            Assert.Equal(body, raw ? kept : NaiveLz4.Decode(kept, body.Length)!.Data);
            _ = raw ? stored++ : compressed++;
        }

        Assert.True(compressed > 100 && stored > 50, $"{compressed} compressed, {stored} stored");
    }

    private static byte[] Finish(byte[] body, byte version, uint rows, ulong schema)
    {
        int room = ContainerHeader.Length + Lz4.Bound(body.Length);
        using GuardedBuffer source = new(body.Length);
        using GuardedBuffer target = new(room);
        byte* at = target.TakeAtEnd(room);
        long length = PayloadContainer.Finish(at, source.Put(body), body.Length, version, ChangeRowCodec.Columns, rows, schema);
        target.AssertUntouchedBeside(at, room);
        return new ReadOnlySpan<byte>(at, (int)length).ToArray();
    }
}
