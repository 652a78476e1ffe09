using System.Buffers.Binary;
using System.Numerics;
using System.Runtime.InteropServices;

namespace ChunkSync.Payload;

/// <summary>A small LZ4 block codec for processes without liblz4, written from the public description of the block format:
/// <code>
/// sequence = token (literal count high 4 bits, match length - 4 low 4 bits), literal count rest (255-run), literals,
///            match offset (2 bytes little-endian, 1-65535), match length rest (255-run)
/// The last sequence is literals only; the last 5 bytes of a block are literals; the last match starts at least 12 bytes before
/// the end.
/// </code></summary>
internal static unsafe class Lz4ManagedCodec
{
    private const int MinMatch = 4;
    private const int LastLiterals = 5;
    private const int MatchStartMargin = 12;
    private const int MaxOffset = 65535;
    private const int TableBits = 12;

    /// <summary>After this many misses (as a power of two) the search begins to skip: incompressible data pass quickly.</summary>
    private const int SkipTrigger = 6;

    /// <summary>Compresses greedily with one hash table of recent positions; returns the length, or 0 when
    /// <paramref name="capacity"/> is too small.</summary>
    public static int Compress(byte* source, int length, byte* target, int capacity)
    {
        int* table = stackalloc int[1 << TableBits];
        new Span<int>(table, 1 << TableBits).Fill(-1);
        byte* output = target;
        byte* outputEnd = target + capacity;
        int anchor = 0;
        int position = 0;
        int misses = 1 << SkipTrigger;
        int matchLimit = length - LastLiterals;
        while (position < length - MatchStartMargin)
        {
            uint sequence = Read32(source + position);
            int slot = (int)((sequence * 2654435761u) >> (32 - TableBits));
            int candidate = table[slot];
            table[slot] = position;
            if (candidate < 0 || position - candidate > MaxOffset || Read32(source + candidate) != sequence)
            {
                position += misses++ >> SkipTrigger;
                continue;
            }

            int matchLength = MinMatch + CommonLength(
                source + candidate + MinMatch, source + position + MinMatch, source + matchLimit);
            output = WriteSequence(
                output, outputEnd, source + anchor, position - anchor, position - candidate, matchLength);
            if (output == null)
            {
                return 0;
            }

            position += matchLength;
            anchor = position;
            misses = 1 << SkipTrigger;
        }

        output = WriteSequence(output, outputEnd, source + anchor, length - anchor, 0, 0);
        return output == null ? 0 : (int)(output - target);
    }

    /// <summary>Decompresses; every length and offset is checked against both buffers. Returns the length, or -1.</summary>
    public static int Decompress(byte* source, int length, byte* target, int capacity)
    {
        byte* input = source;
        byte* inputEnd = source + length;
        byte* output = target;
        byte* outputEnd = target + capacity;
        while (input < inputEnd)
        {
            int token = *input++;
            if (!TryLength(ref input, inputEnd, token >> 4, out long literals)
                || literals > inputEnd - input || literals > outputEnd - output)
            {
                return -1;
            }

            Buffer.MemoryCopy(input, output, literals, literals);
            input += literals;
            output += literals;
            if (input == inputEnd)
            {
                return (token & 15) == 0 ? (int)(output - target) : -1;
            }

            if (inputEnd - input < 2)
            {
                return -1;
            }

            int offset = BinaryPrimitives.ReadUInt16LittleEndian(new ReadOnlySpan<byte>(input, 2));
            input += 2;
            if (offset == 0 || offset > output - target
                || !TryLength(ref input, inputEnd, token & 15, out long match) || match + MinMatch > outputEnd - output)
            {
                return -1;
            }

            output = CopyMatch(output, offset, match + MinMatch);
        }

        return -1;
    }

    private static byte* CopyMatch(byte* output, int offset, long count)
    {
        byte* from = output - offset;
        if (offset >= count)
        {
            Buffer.MemoryCopy(from, output, count, count);
            return output + count;
        }

        // The match overlaps what it writes: it repeats the last bytes.
        for (long i = 0; i < count; i++)
        {
            output[i] = from[i];
        }

        return output + count;
    }

    private static bool TryLength(ref byte* input, byte* inputEnd, int nibble, out long value)
    {
        value = nibble;
        if (nibble < 15)
        {
            return true;
        }

        byte more;
        do
        {
            if (input >= inputEnd)
            {
                return false;
            }

            more = *input++;
            value += more;
        }
        while (more == 255);
        return true;
    }

    private static uint Read32(byte* at) => MemoryMarshal.Read<uint>(new ReadOnlySpan<byte>(at, 4));

    private static int CommonLength(byte* left, byte* right, byte* rightEnd)
    {
        byte* start = right;
        while (rightEnd - right >= 8)
        {
            ulong difference = MemoryMarshal.Read<ulong>(new ReadOnlySpan<byte>(left, 8)) ^ MemoryMarshal.Read<ulong>(new ReadOnlySpan<byte>(right, 8));
            if (difference != 0)
            {
                int equal = BitConverter.IsLittleEndian ? BitOperations.TrailingZeroCount(difference) : BitOperations.LeadingZeroCount(difference);
                return (int)(right - start) + (equal >> 3);
            }

            left += 8;
            right += 8;
        }

        while (right < rightEnd && *left == *right)
        {
            left++;
            right++;
        }

        return (int)(right - start);
    }

    /// <summary>Writes one sequence, or with a match length of 0 the last one; null when it does not fit.</summary>
    private static byte* WriteSequence(byte* output, byte* outputEnd, byte* literals, int literalCount, int offset, int matchLength)
    {
        long needed = 1L + (literalCount / 255) + 1 + literalCount + (matchLength == 0 ? 0 : 2 + (matchLength / 255) + 1);
        if (needed > outputEnd - output)
        {
            return null;
        }

        byte* token = output++;
        *token = (byte)(Math.Min(literalCount, 15) << 4);
        output = WriteRest(output, literalCount);
        Buffer.MemoryCopy(literals, output, literalCount, literalCount);
        output += literalCount;
        if (matchLength == 0)
        {
            return output;
        }

        BinaryPrimitives.WriteUInt16LittleEndian(new Span<byte>(output, 2), (ushort)offset);
        int rest = matchLength - MinMatch;
        *token |= (byte)Math.Min(rest, 15);
        return WriteRest(output + 2, rest);
    }

    private static byte* WriteRest(byte* output, int count)
    {
        if (count < 15)
        {
            return output;
        }

        count -= 15;
        while (count >= 255)
        {
            *output++ = 255;
            count -= 255;
        }

        *output++ = (byte)count;
        return output;
    }
}
