using System.Buffers.Binary;
using System.Numerics;
using System.Runtime.CompilerServices;

namespace ChunkSync.Format;

/// <summary>Compresses LZ4 blocks in managed code, byte for byte as <c>LZ4_compress_default</c> of liblz4 1.9.3 to 1.10 does on 64-bit
/// little-endian machines: a block can be written in many ways, and chunks have to be the same on every machine.
/// <code>
/// sequence = token (literal count high 4 bits, match length - 4 low 4 bits), literal count rest (255-run), literals,
///            match distance (2 bytes little-endian, 1-65535), match length rest (255-run)
/// The last sequence is literals only; the last 5 bytes of a block are literals; the last match starts at least 12 bytes before
/// the end.
/// </code>
/// Greedy: the first earlier place with the same four bytes that the table of positions gives is the match. What decides the
/// bytes: the two kinds of table and the length that divides them, the hash of each, which positions are remembered (each one that
/// was looked up, and the one two bytes before the end of a match), the growing steps through data without matches, and when a
/// short target is given up.</summary>
internal static unsafe class Lz4Compressor
{
    /// <summary>Size of the table of positions.</summary>
    public const int TableBytes = 1 << 14;

    /// <summary>The furthest a match reaches back.</summary>
    public const uint MaxDistance = 65_535;

    private const int MinMatch = 4;
    private const int LastLiterals = 5;
    private const int MatchStartMargin = 12;

    /// <summary>A literal count or match length from here on has a rest behind the token.</summary>
    private const int NibbleMax = 15;

    /// <summary>From this length on positions do not fit in 16 bits: no match starts in the last 12 bytes.</summary>
    private const int FarLength = 65_536 + MatchStartMargin - 1;

    /// <summary>After 2^6 look-ups without a match each step is two bytes, after 2^6 more three: incompressible data pass quickly.</summary>
    private const int StepShift = 6;

    /// <summary>Compresses a block. Needs no memory but 16 KiB of stack.</summary>
    /// <param name="source">The data.</param>
    /// <param name="length">Their length in bytes; above <see cref="Lz4.MaxInput"/> nothing is done.</param>
    /// <param name="target">Where the block goes; what lies behind its end is overwritten up to the capacity.</param>
    /// <param name="capacity">Room in bytes; <see cref="Lz4.Bound"/> always suffices.</param>
    /// <returns>The block's length; 0 when it does not fit.</returns>
    [SkipLocalsInit]
    public static int Compress(byte* source, int length, byte* target, int capacity)
    {
        if ((uint)length > Lz4.MaxInput || capacity <= 0)
        {
            return 0;
        }

        if (length <= MatchStartMargin)
        {
            return Finish(source, source + length, target, target, target + capacity);
        }

        byte* table = stackalloc byte[TableBytes];
        new Span<byte>(table, TableBytes).Clear();
        return length < FarLength
            ? Compress<Lz4NearPositions>(source, length, target, capacity, table)
            : Compress<Lz4FarPositions>(source, length, target, capacity, table);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static uint Read32(byte* at)
    {
        uint value = Unsafe.ReadUnaligned<uint>(at);
        return BitConverter.IsLittleEndian ? value : BinaryPrimitives.ReverseEndianness(value);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static ulong Read64(byte* at)
    {
        ulong value = Unsafe.ReadUnaligned<ulong>(at);
        return BitConverter.IsLittleEndian ? value : BinaryPrimitives.ReverseEndianness(value);
    }

    // Optimised at the first call: a host that sends one page should not wait for the second attempt of the JIT.
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static int Compress<TPositions>(byte* source, int length, byte* target, int capacity, void* table)
        where TPositions : struct, ILz4Positions
    {
        byte* end = source + length;
        byte* lastStart = end - MatchStartMargin;
        byte* targetEnd = target + capacity;
        byte* output = target;
        byte* anchor = source;

        // Position 0 needs not to be remembered: a table of zeros has it in every slot.
        byte* at = source + 1;
        while (true)
        {
            byte* match = Search<TPositions>(source, lastStart, table, ref at);
            if (match == null)
            {
                return Finish(anchor, end, target, output, targetEnd);
            }

            while (at > anchor && match > source && at[-1] == match[-1])
            {
                at--;
                match--;
            }

            byte* token = output;
            output = WriteLiterals(output, targetEnd, anchor, (int)(at - anchor));
            while (output != null)
            {
                int more = CommonLength(match + MinMatch, at + MinMatch, end - LastLiterals);
                output = WriteMatch(output, targetEnd, token, (int)(at - match), more);
                at += MinMatch + more;
                anchor = at;
                if (output == null || at > lastStart)
                {
                    break;
                }

                match = Next<TPositions>(source, table, at);
                if (match == null)
                {
                    break;
                }

                // A match directly behind a match: a sequence without literals. The room was kept by WriteMatch.
                token = output++;
                *token = 0;
            }

            if (output == null)
            {
                return 0;
            }

            if (at > lastStart)
            {
                return Finish(anchor, end, target, output, targetEnd);
            }

            at++;
        }
    }

    /// <summary>Looks for the next place that has a match, in growing steps.</summary>
    /// <param name="source">The beginning of the data.</param>
    /// <param name="lastStart">The last place at which a match may start.</param>
    /// <param name="table">The positions.</param>
    /// <param name="at">Where to begin; then the place that was found.</param>
    /// <returns>The match, or null when there is none up to the end.</returns>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static byte* Search<TPositions>(byte* source, byte* lastStart, void* table, ref byte* at)
        where TPositions : struct, ILz4Positions
    {
        byte* here = at;
        uint slot = TPositions.Slot(here);
        uint lookups = 1 << StepShift;
        nuint step = 1;
        while (true)
        {
            byte* next = here + step;
            step = lookups++ >> StepShift;

            // The place after this one decides whether this one is looked up.
            if (next > lastStart + 1)
            {
                return null;
            }

            uint position = (uint)(here - source);
            uint candidate = TPositions.Recall(table, slot);
            uint nextSlot = TPositions.Slot(next);
            TPositions.Remember(table, slot, position);
            if (TPositions.Reaches(candidate, position) && Unsafe.ReadUnaligned<uint>(source + candidate) == Unsafe.ReadUnaligned<uint>(here))
            {
                at = here;
                return source + candidate;
            }

            here = next;
            slot = nextSlot;
        }
    }

    /// <summary>The match directly behind one, or null; remembers the place and the one two bytes before it.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static byte* Next<TPositions>(byte* source, void* table, byte* at)
        where TPositions : struct, ILz4Positions
    {
        uint position = (uint)(at - source);
        TPositions.Remember(table, TPositions.Slot(at - 2), position - 2);
        uint slot = TPositions.Slot(at);
        uint candidate = TPositions.Recall(table, slot);
        TPositions.Remember(table, slot, position);
        byte* match = source + candidate;
        return TPositions.Reaches(candidate, position) && Unsafe.ReadUnaligned<uint>(match) == Unsafe.ReadUnaligned<uint>(at) ? match : null;
    }

    /// <summary>The number of equal bytes at two places, of which the second ends at <paramref name="rightEnd"/>.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static int CommonLength(byte* left, byte* right, byte* rightEnd)
    {
        byte* start = right;
        while (rightEnd - right >= 8)
        {
            ulong difference = Read64(left) ^ Read64(right);
            if (difference != 0)
            {
                return (int)(right - start) + (BitOperations.TrailingZeroCount(difference) >> 3);
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

    /// <summary>Writes a token and its literals; null when the block is given up. Room is left for the distance and for the last
    /// five literals, and up to 8 bytes of what is left may be overwritten: copies are of eight bytes each. The data go on for
    /// at least 12 bytes behind the literals, so that those copies stay inside them, too.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static byte* WriteLiterals(byte* output, byte* targetEnd, byte* literals, int count)
    {
        if (targetEnd - output < 1L + count + (count / 255) + 2 + 1 + LastLiterals)
        {
            return null;
        }

        *output++ = (byte)(Math.Min(count, NibbleMax) << 4);
        if (count >= NibbleMax)
        {
            output = WriteRest(output, count - NibbleMax);
            if (count > 64)
            {
                Buffer.MemoryCopy(literals, output, count, count);
                return output + count;
            }
        }

        byte* copied = output + count;
        do
        {
            Unsafe.WriteUnaligned(output, Unsafe.ReadUnaligned<ulong>(literals));
            output += 8;
            literals += 8;
        }
        while (output < copied);
        return copied;
    }

    /// <summary>Writes the distance and the length of a match, into its token and behind; null when the block is given up. Room
    /// for a token and the last five literals is left.</summary>
    /// <param name="output">Behind the literals.</param>
    /// <param name="targetEnd">The end of the target.</param>
    /// <param name="token">The sequence's token.</param>
    /// <param name="distance">How far the match reaches back.</param>
    /// <param name="more">Its length less the four bytes that every match has.</param>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static byte* WriteMatch(byte* output, byte* targetEnd, byte* token, int distance, int more)
    {
        output[0] = (byte)distance;
        output[1] = (byte)(distance >> 8);
        output += 2;
        if (targetEnd - output < 1 + LastLiterals + ((more + 240L) / 255))
        {
            return null;
        }

        *token |= (byte)Math.Min(more, NibbleMax);
        return more < NibbleMax ? output : WriteRest(output, more - NibbleMax);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static byte* WriteRest(byte* output, int count)
    {
        while (count >= 255)
        {
            *output++ = 255;
            count -= 255;
        }

        *output = (byte)count;
        return output + 1;
    }

    /// <summary>Writes what is left as literals; returns the block's length, or 0 when it does not fit.</summary>
    private static int Finish(byte* literals, byte* end, byte* target, byte* output, byte* targetEnd)
    {
        int count = (int)(end - literals);
        if (targetEnd - output < 1L + count + ((count + 240L) / 255))
        {
            return 0;
        }

        *output++ = (byte)(Math.Min(count, NibbleMax) << 4);
        if (count >= NibbleMax)
        {
            output = WriteRest(output, count - NibbleMax);
        }

        Buffer.MemoryCopy(literals, output, count, count);
        return (int)(output + count - target);
    }
}
