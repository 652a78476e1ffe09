using ChunkSync.Format;
using ChunkSync.Sqlite;

namespace ChunkSync.Probe;

/// <summary>A chain of one payload that lies in memory.</summary>
internal sealed unsafe class SinglePayloadSource(byte* payload, long payloadLength) : IChunkSource
{
    public long? Last => 0;

    public long Ordinal => 0;

    public ReadOnlySpan<byte> Index => default;

    public bool HasCheapHeader => true;

    public bool Seek(long ordinal) => ordinal <= 0;

    public bool MoveNext() => false;

    public int ReadHeader(Span<byte> header, out long length)
    {
        length = payloadLength;
        int read = (int)Math.Min(payloadLength, ContainerHeader.Length);
        new ReadOnlySpan<byte>(payload, read).CopyTo(header);
        return read;
    }

    public byte* Open(out long length)
    {
        length = payloadLength;
        return payload;
    }

    public void CopyTo(NativeBuffer target) => target.Append(payload, payloadLength);

    public void Release()
    {
    }

    public void Dispose()
    {
    }
}
