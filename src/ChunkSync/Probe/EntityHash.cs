using System.Buffers.Binary;
using System.Runtime.CompilerServices;
using ChunkSync.Format;

namespace ChunkSync.Probe;

/// <summary>The hash of an entity, a row of a table, as an index stores it: FNV64 of the folded table name, 1F and the pk blob, folded to
/// 40 bits.</summary>
internal static unsafe class EntityHash
{
    /// <summary>Bytes of a stored hash, big-endian.</summary>
    public const int Size = 5;

    private const ulong Mask = (1UL << 40) - 1;
    private const byte Separator = 0x1F;

    /// <summary>The 64-bit hash.</summary>
    public static ulong Of64(ReadOnlySpan<byte> foldedTable, ReadOnlySpan<byte> key)
    {
        Fnv1a64 hash = new(Fnv1a64.OffsetBasis);
        hash.Add(foldedTable);
        hash.Add(Separator);
        hash.Add(key);
        return hash.Value;
    }

    /// <summary>The 40-bit hash.</summary>
    public static ulong Of(ReadOnlySpan<byte> foldedTable, ReadOnlySpan<byte> key)
    {
        ulong hash = Of64(foldedTable, key);
        return (hash >> 40) ^ (hash & Mask);
    }

    /// <summary>Reads a stored hash.</summary>
    public static ulong Read(byte* at) =>
        ((ulong)BinaryPrimitives.ReverseEndianness(Unsafe.ReadUnaligned<uint>(at)) << 8) | at[Size - 1];

    /// <summary>Writes a stored hash.</summary>
    public static void Write(byte* at, ulong hash)
    {
        for (int i = 0; i < Size; i++)
        {
            at[i] = (byte)(hash >> (8 * (Size - 1 - i)));
        }
    }
}
