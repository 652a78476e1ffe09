using System.Numerics;
using ChunkSync.Tests.Host;

namespace ChunkSync.Tests.Format;

/// <summary>The value encoding as the specification's table says it, without a thought for cost: the oracle.</summary>
internal static class NaiveValue
{
    /// <summary>Reads the value at the beginning of <paramref name="data"/>; false when there is none that is well formed.</summary>
    public static bool TryRead(byte[] data, out object? value, out int used)
    {
        value = null;
        used = 0;
        if (data.Length == 0)
        {
            return false;
        }

        int kind = data[0] % 8;
        int count = data[0] / 8;
        bool counted = kind is 0 or 1 or 3 or 4;
        if (counted ? count is < 1 or > 8 : count != 0)
        {
            return false;
        }

        int fixedLength = 1 + count + (kind is 2 or 7 ? 8 : 0);
        if (data.Length < fixedLength)
        {
            return false;
        }

        BigInteger number = new(data.AsSpan(1, count), isUnsigned: true, isBigEndian: true);
        used = fixedLength;
        return counted ? TryCounted(data, kind, number, ref value, ref used) : TryPlain(data, kind, out value);
    }

    private static bool TryCounted(byte[] data, int kind, BigInteger number, ref object? value, ref int used)
    {
        if (kind is 0 or 1)
        {
            if (number >= BigInteger.Pow(2, 63))
            {
                return false;
            }

            value = (long)(kind == 0 ? -number : number);
            return true;
        }

        if (number > data.Length - used)
        {
            return false;
        }

        byte[] bytes = data[used..(used + (int)number)];
        value = kind == 3 ? new RawText(bytes) : bytes;
        used += bytes.Length;
        return true;
    }

    private static bool TryPlain(byte[] data, int kind, out object? value)
    {
        if (kind is 5 or 6)
        {
            value = kind == 5 ? null : long.MinValue;
            return true;
        }

        long bits = 0;
        for (int i = 8; i >= 1; i--)
        {
            bits = (bits << 8) | data[i];
        }

        // Kind 7 flips the sign, also of values that are no numbers.
        value = BitConverter.Int64BitsToDouble(kind == 7 ? bits ^ long.MinValue : bits);
        return true;
    }
}
