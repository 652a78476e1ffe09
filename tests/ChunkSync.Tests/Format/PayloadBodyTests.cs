using System.Runtime.InteropServices;
using ChunkSync.Format;
using ChunkSync.Tests.Host;

namespace ChunkSync.Tests.Format;

/// <summary>The structure of payloads, without a database.</summary>
public sealed unsafe class PayloadBodyTests : IByteAllocator, IDisposable
{
    private readonly List<nint> memory = [];

    byte* IByteAllocator.Allocate(long bytes)
    {
        memory.Add((nint)NativeMemory.Alloc((nuint)bytes));
        return (byte*)memory[^1];
    }

    public void Dispose() => memory.ForEach(block => NativeMemory.Free((void*)block));

    [Fact]
    public void Body_is_in_the_payload_when_it_is_stored_and_in_other_memory_when_it_is_compressed()
    {
        byte[] short_ = [1, 2, 3, 4, 5, 6, 7, 8, 9];
        AssertOpens(Finish(short_), short_, blocks: 0);
        byte[] long_ = new byte[5000];
        AssertOpens(Finish(long_), long_, blocks: 1);
    }

    [Fact]
    public void Header_shows_all_of_its_defects_at_once()
    {
        byte[] payload = Finish(new byte[100]);
        Assert.Equal(PayloadDefects.None, Read(payload, payload.Length));
        Assert.Equal(PayloadDefects.TooShort, Read(payload[..31], 31));
        Assert.Equal(PayloadDefects.TooShort, Read(payload, 31));
        Assert.Equal(PayloadDefects.NoSignature, Read(Change(payload, 0, 1), payload.Length));
        Assert.Equal(PayloadDefects.UnknownVersion, Read(Change(payload, 4, 0), payload.Length));
        Assert.Equal(PayloadDefects.UnknownVersion, Read(Change(payload, 4, 4), payload.Length));
        Assert.Equal(PayloadDefects.OtherColumns, Read(Change(payload, 13, 8), payload.Length));
        Assert.Equal(PayloadDefects.OtherColumns | PayloadDefects.NoColumns, Read(Change(payload, 13, 0), payload.Length));
        Assert.Equal(PayloadDefects.ExpandedSize, Read(Change(payload, 8, 0x7F), payload.Length));
        Assert.Equal(PayloadDefects.ExpandedSize, Read(Change(payload, 8, 0x80), long.MaxValue / 512));
        Assert.Equal(PayloadDefects.Rows, Read(Change(payload, 17, 12), payload.Length));
        Assert.Equal(PayloadDefects.None, Read(Change(payload, 17, 11), payload.Length));
        Assert.Equal(
            PayloadDefects.NoSignature | PayloadDefects.UnknownVersion | PayloadDefects.Rows,
            Read(Change(Change(Change(payload, 0, 0), 4, 9), 14, 9), payload.Length));
    }

    [Fact]
    public void Body_is_refused_when_it_is_not_what_the_header_says()
    {
        byte[] payload = Finish(new byte[5000]);
        byte[] damaged = Change(payload, payload.Length - 1, (byte)(payload[^1] + 1));
        Assert.Equal(PayloadDefects.Checksum, Open(damaged, verify: true));
        byte[] legacy = Change(damaged, 4, ContainerHeader.LegacyVersion);
        Assert.NotEqual(PayloadDefects.Checksum, Open(legacy, verify: true));
        Assert.Equal(PayloadDefects.Block, Open(Change(payload, 11, (byte)(payload[11] + 1)), verify: true));
        int before = memory.Count;
        Assert.Equal(PayloadDefects.ExpandedSize, Open(Change(payload, 8, 0x7F), verify: true));
        Assert.Equal(before, memory.Count);
    }

    [Fact]
    public void Checksum_is_not_looked_at_when_nobody_asks()
    {
        byte[] payload = Change(Finish([1, 2, 3, 4, 5, 6, 7, 8, 9]), 34, 77);
        Assert.Equal(PayloadDefects.None, Open(payload, verify: false));
        Assert.Equal(PayloadDefects.Checksum, Open(payload, verify: true));
    }

    private void AssertOpens(byte[] payload, byte[] body, int blocks)
    {
        using GuardedBuffer guarded = new(payload.Length);
        byte* data = guarded.Put(payload);
        Assert.Equal(PayloadDefects.None, PayloadBody.ReadHeader(payload, payload.Length, out ContainerHeader header));
        Assert.Equal(PayloadDefects.None, PayloadBody.Open(header, data, payload.Length, true, this, out PayloadBody opened));
        Assert.Equal(body, new ReadOnlySpan<byte>(opened.Data, (int)opened.Length).ToArray());
        Assert.Equal(body.Length, PayloadBody.SizeOf(header, payload.Length));
        Assert.Equal(blocks, memory.Count);
        Assert.Equal(blocks == 0, opened.Data == data + ContainerHeader.Length);
    }

    private PayloadDefects Open(byte[] payload, bool verify)
    {
        PayloadBody.ReadHeader(payload, payload.Length, out ContainerHeader header);
        fixed (byte* data = payload)
        {
            return PayloadBody.Open(header, data, payload.Length, verify, this, out _);
        }
    }

    private static PayloadDefects Read(byte[] bytes, long length) => PayloadBody.ReadHeader(bytes, length, out _);

    private static byte[] Change(byte[] payload, int index, byte value)
    {
        byte[] changed = [.. payload];
        changed[index] = value;
        return changed;
    }

    private static byte[] Finish(byte[] body)
    {
        byte[] target = new byte[ContainerHeader.Length + Lz4.Bound(body.Length)];
        fixed (byte* source = body)
        fixed (byte* at = target)
        {
            long length = PayloadContainer.Finish(at, source, body.Length, ContainerHeader.RowsVersion, ChangeRowCodec.Columns, 1, 17);
            return target[..(int)length];
        }
    }
}
