using ChunkSync.Format;

namespace ChunkSync.Sqlite;

/// <summary>A growing buffer in memory of <see cref="Sqlite3.Allocate"/>: kept between uses, freed by <see cref="Dispose"/>.
/// Addresses into it are valid until the next call that can grow it.</summary>
internal sealed unsafe class NativeBuffer : IByteAllocator, IDisposable
{
    private const long FirstCapacity = 256;

    /// <summary>The first byte; null while nothing was ever reserved.</summary>
    public byte* Data { get; private set; }

    /// <summary>Bytes in use.</summary>
    public long Length { get; private set; }

    /// <summary>Bytes that are there without growing.</summary>
    public long Capacity { get; private set; }

    /// <summary>The bytes in use; at most 2^31-1 of them.</summary>
    public ReadOnlySpan<byte> Bytes => new(Data, checked((int)Length));

    /// <summary>Forgets the content and keeps the memory.</summary>
    public void Clear() => Length = 0;

    /// <summary>Makes room for <paramref name="bytes"/> more and returns where they go; <see cref="Commit(byte*)"/> counts them.</summary>
    /// <exception cref="EngineException">SQLITE_NOMEM.</exception>
    public byte* Reserve(long bytes)
    {
        long needed = checked(Length + bytes);
        if (needed > Capacity)
        {
            long grown = Math.Max(needed, Math.Max(Capacity + (Capacity / 2), FirstCapacity));
            Data = Sqlite3.Reallocate(Data, grown);
            Capacity = grown;
        }

        return Data + Length;
    }

    /// <summary>Counts the bytes up to <paramref name="end"/> as used.</summary>
    public void Commit(byte* end) => Length = end - Data;

    /// <summary>Counts <paramref name="bytes"/> reserved bytes as used.</summary>
    public void Commit(long bytes) => Length += bytes;

    /// <summary>Appends a copy.</summary>
    public void Append(byte* data, long length)
    {
        byte* target = Reserve(length);
        Buffer.MemoryCopy(data, target, length, length);
        Length += length;
    }

    /// <inheritdoc cref="Append(byte*, long)"/>
    public void Append(ReadOnlySpan<byte> data)
    {
        data.CopyTo(new Span<byte>(Reserve(data.Length), data.Length));
        Length += data.Length;
    }

    /// <summary>Forgets what is behind <paramref name="length"/> bytes.</summary>
    public void Truncate(long length) => Length = length;

    /// <summary>Forgets the content and makes room for <paramref name="bytes"/> from the beginning.</summary>
    /// <exception cref="EngineException">SQLITE_NOMEM.</exception>
    public byte* Allocate(long bytes)
    {
        Clear();
        return Reserve(bytes);
    }

    /// <summary>Hands the memory over to the caller, who frees it; the buffer is empty then.</summary>
    public byte* Detach()
    {
        byte* memory = Data;
        Data = null;
        Length = 0;
        Capacity = 0;
        return memory;
    }

    public void Dispose() => Sqlite3.Free(Detach());
}
