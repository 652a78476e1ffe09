using ChunkSync.Probe;
using ChunkSync.Sqlite;

namespace ChunkSync.Tests.Probe;

/// <summary>A chain in memory, with counts of what is open and was read, and failures on demand.</summary>
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

    /// <summary>How often a payload was read whole.</summary>
    public int Reads { get; private set; }

    /// <summary>How often anything was asked of the source that reads.</summary>
    public int Calls { get; private set; }

    /// <summary>The call, counted from 1, that fails as a table fails whose disk does; 0 for none.</summary>
    public int FailAt { get; init; }

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
        Call();
        at = chunks.FindIndex(chunk => chunk.Ordinal >= ordinal);
        return at >= 0;
    }

    public bool MoveNext()
    {
        Call();
        return ++at < chunks.Count;
    }

    public int ReadHeader(Span<byte> header, out long length)
    {
        Call();
        byte[] payload = chunks[at].Payload;
        length = payload.Length;
        int read = Math.Min(header.Length, payload.Length);
        payload.AsSpan(0, read).CopyTo(header);
        return read;
    }

    public byte* Open(out long length)
    {
        Release();
        Call();
        byte[] payload = chunks[at].Payload;
        length = payload.Length;
        Reads++;
        Leases++;
        memory.Add(Copy(payload));
        return (byte*)memory[^1];
    }

    public void CopyTo(NativeBuffer target)
    {
        Call();
        target.Append(chunks[at].Payload);
    }

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

    private void Call()
    {
        if (++Calls == FailAt)
        {
            throw new EngineException(ResultCode.Error, "disk I/O error");
        }
    }

    private static nint Copy(byte[] bytes)
    {
        nint copy = (nint)System.Runtime.InteropServices.NativeMemory.Alloc((nuint)Math.Max(1, bytes.Length));
        bytes.CopyTo(new Span<byte>((void*)copy, bytes.Length));
        return copy;
    }
}
