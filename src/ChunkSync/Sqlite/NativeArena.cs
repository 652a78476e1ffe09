namespace ChunkSync.Sqlite;

/// <summary>Native memory for many small pieces that stay where they are until all are forgotten.</summary>
internal sealed unsafe class NativeArena : IDisposable
{
    private const long BlockSize = 65_536;

    private readonly List<nint> blocks = [];
    private byte* next;
    private long left;

    /// <summary>Memory of a length.</summary>
    /// <exception cref="EngineException">SQLITE_NOMEM.</exception>
    public byte* Allocate(long length)
    {
        if (length > left)
        {
            long size = Math.Max(length, BlockSize);
            byte* block = Sqlite3.Allocate(size);
            blocks.Add((nint)block);
            if (size > BlockSize)
            {
                // A piece larger than a block has its own; the block in use goes on.
                return block;
            }

            next = block;
            left = size;
        }

        byte* place = next;
        long taken = Math.Min(left, (length + 7) & ~7L);
        next += taken;
        left -= taken;
        return place;
    }

    /// <summary>A copy of some bytes.</summary>
    public byte* Copy(ReadOnlySpan<byte> bytes)
    {
        byte* place = Allocate(bytes.Length);
        bytes.CopyTo(new Span<byte>(place, bytes.Length));
        return place;
    }

    /// <summary>Forgets everything.</summary>
    public void Clear()
    {
        foreach (nint block in blocks)
        {
            Sqlite3.Free((byte*)block);
        }

        blocks.Clear();
        next = null;
        left = 0;
    }

    public void Dispose() => Clear();
}
