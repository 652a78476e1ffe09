using ChunkSync.Changes;
using ChunkSync.Format;
using ChunkSync.Sqlite;

namespace ChunkSync.Chunks;

/// <summary>The uncompressed rows of one chunk in native memory: one buffer per scan, grown as chunks need it, never over the
/// chunk size.</summary>
internal sealed unsafe class ChunkBody : IDisposable
{
    private const int FirstCapacity = 64 * 1024;

    private byte* memory;
    private int capacity;

    /// <summary>The first byte.</summary>
    public byte* Data => memory;

    /// <summary>Bytes that are there without growing.</summary>
    public int Capacity => capacity;

    /// <summary>Bytes used.</summary>
    public int Length { get; private set; }

    public void Clear() => Length = 0;

    /// <summary>Makes room for <paramref name="bytes"/> more and returns where they go; <see cref="Commit"/> counts them.</summary>
    public byte* Reserve(long bytes)
    {
        Check.That(bytes >= 0);
        long needed = Length + bytes;
        if (needed > capacity)
        {
            long grown = Math.Max(Math.Max(needed, FirstCapacity), Math.Min(2L * capacity, ChunkLimits.MaxSize));
            memory = Sqlite3.Reallocate(memory, grown);
            capacity = (int)grown;
        }

        return memory + Length;
    }

    /// <summary>Appends the current change of a source, whose encoded size is given.</summary>
    public void Append(IChangeSource source, long size) => Commit(SourceRow.Write(source, Reserve(size)));

    /// <summary>Counts the bytes up to <paramref name="end"/> as used.</summary>
    public void Commit(byte* end)
    {
        Check.That(end >= memory + Length && end <= memory + capacity);
        Length = (int)(end - memory);
    }

    public void Dispose()
    {
        Sqlite3.Free(memory);
        memory = null;
        capacity = 0;
        Length = 0;
    }
}
