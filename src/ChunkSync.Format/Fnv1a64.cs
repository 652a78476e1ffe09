using System.Buffers.Binary;

namespace ChunkSync.Format;

/// <summary>FNV-1a, 64 bit: hash = (hash xor byte) * prime, for each byte (public domain, Fowler, Noll and Vo).</summary>
internal unsafe struct Fnv1a64
{
    public const ulong OffsetBasis = 14695981039346656037;
    public const ulong Prime = 1099511628211;

    private ulong state;

    /// <summary>Starts from <paramref name="initial"/>, normally <see cref="OffsetBasis"/>.</summary>
    public Fnv1a64(ulong initial) => state = initial;

    /// <summary>The hash of everything added so far.</summary>
    public readonly ulong Value => state;

    /// <summary>The hash of one block.</summary>
    public static ulong Of(byte* data, long length)
    {
        Fnv1a64 hash = new(OffsetBasis);
        hash.Add(data, length);
        return hash.Value;
    }

    /// <summary>The hash of one block.</summary>
    public static ulong Of(ReadOnlySpan<byte> data)
    {
        Fnv1a64 hash = new(OffsetBasis);
        hash.Add(data);
        return hash.Value;
    }

    public void Add(byte value) => state = (state ^ value) * Prime;

    public void Add(byte* data, long length)
    {
        ulong hash = state;
        byte* end = data + length;
        while (data < end)
        {
            hash = (hash ^ *data++) * Prime;
        }

        state = hash;
    }

    public void Add(ReadOnlySpan<byte> data)
    {
        fixed (byte* bytes = data)
        {
            Add(bytes, data.Length);
        }
    }

    /// <summary>Adds a number as eight bytes, big-endian two's complement.</summary>
    public void Add(long value)
    {
        Span<byte> bytes = stackalloc byte[8];
        BinaryPrimitives.WriteInt64BigEndian(bytes, value);
        Add(bytes);
    }
}
