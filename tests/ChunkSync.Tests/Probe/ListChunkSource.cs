using ChunkSync.Probe;
using ChunkSync.Tests.Host;

namespace ChunkSync.Tests.Probe;

/// <summary>A chain in memory, with a count of what is open.</summary>
internal sealed unsafe class ListChunkSource : IChunkSource
{
    private readonly List<StoredChunk> chunks;
    private readonly List<nint> memory = [];
    private readonly Dictionary<int, nint> indexMemory = [];
    private int at = -1;

    public ListChunkSource(IEnumerable<StoredChunk> chunks, bool cheapHeader = true)
    {
        this.chunks = [.. chunks.OrderBy(chunk => chunk.Ordinal)];
        HasCheapHeader = cheapHeader;
    }

    /// <summary>Payloads that are open; 0 whenever the scan is between two chunks or ended.</summary>
    public int Leases { get; private set; }

    public long? Last => chunks.Count == 0 ? null : chunks[^1].Ordinal;

    public long Ordinal => chunks[at].Ordinal;

    public bool HasCheapHeader { get; }

    public ReadOnlySpan<byte> Index
    {
        get
        {
            if (chunks[at].Index is not byte[] index)
            {
                return default;
            }

            if (!indexMemory.TryGetValue(at, out nint copy))
            {
                copy = Copy(index);
                indexMemory.Add(at, copy);
            }

            return new ReadOnlySpan<byte>((void*)copy, index.Length);
        }
    }

    public bool Seek(long ordinal)
    {
        at = chunks.FindIndex(chunk => chunk.Ordinal >= ordinal);
        return at >= 0;
    }

    public bool MoveNext() => ++at < chunks.Count;

    public int ReadHeader(Span<byte> header, out long length)
    {
        byte[] payload = chunks[at].Payload;
        length = payload.Length;
        int read = Math.Min(header.Length, payload.Length);
        payload.AsSpan(0, read).CopyTo(header);
        return read;
    }

    public byte* Open(out long length)
    {
        Release();
        byte[] payload = chunks[at].Payload;
        length = payload.Length;
        Leases++;
        memory.Add(Copy(payload));
        return (byte*)memory[^1];
    }

    public void CopyTo(ChunkSync.Sqlite.NativeBuffer target) => target.Append(chunks[at].Payload);

    public void Release()
    {
        foreach (nint copy in memory)
        {
            System.Runtime.InteropServices.NativeMemory.Free((void*)copy);
        }

        Leases -= memory.Count;
        memory.Clear();
    }

    public void Dispose()
    {
        Assert.Equal(0, Leases);
        foreach (nint copy in indexMemory.Values)
        {
            System.Runtime.InteropServices.NativeMemory.Free((void*)copy);
        }

        indexMemory.Clear();
    }

    private static nint Copy(byte[] bytes)
    {
        nint copy = (nint)System.Runtime.InteropServices.NativeMemory.Alloc((nuint)Math.Max(1, bytes.Length));
        bytes.CopyTo(new Span<byte>((void*)copy, bytes.Length));
        return copy;
    }
}
