using System.Runtime.InteropServices;
using ChunkSync.Sqlite;

namespace ChunkSync.Capture;

/// <summary>64 bits that stand for a value and its storage class, to see whether it has changed. Not stored beyond a transaction.</summary>
internal static class ValueDigest
{
    private const ulong Factor = 0x9E37_79B9_7F4A_7C15;

    /// <summary>The digest of a value.</summary>
    public static ulong Of(Value value)
    {
        int type = value.Type;
        ulong seed = Mix((ulong)type * Factor);
        return type switch
        {
            StorageClass.Integer => Mix(seed ^ (ulong)value.Int64),
            StorageClass.Real => Mix(seed ^ (ulong)BitConverter.DoubleToInt64Bits(value.Double)),
            StorageClass.Text => Of(seed, value.Text),
            StorageClass.Blob => Of(seed, value.Blob),
            _ => seed,
        };
    }

    private static ulong Of(ulong hash, ReadOnlySpan<byte> data)
    {
        foreach (ulong word in MemoryMarshal.Cast<byte, ulong>(data))
        {
            hash = Mix(hash ^ word);
        }

        ulong rest = (ulong)data.Length << 56;
        foreach (byte letter in data[(data.Length & ~7)..])
        {
            rest = (rest << 8) | letter;
        }

        return Mix(Mix(hash ^ rest) ^ (ulong)data.Length);
    }

    private static ulong Mix(ulong hash)
    {
        hash *= Factor;
        hash ^= hash >> 32;
        hash *= Factor;
        return hash ^ (hash >> 29);
    }
}
