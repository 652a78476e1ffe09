using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace ChunkSync.Format;

/// <summary>Decompresses LZ4 blocks in managed code. Reads and writes nothing outside the two buffers, whatever the block says, and
/// accepts exactly the blocks that <c>LZ4_decompress_safe</c> of liblz4 1.9.3 to 1.10 accepts, with the same data: a payload must not be
/// good on one machine and bad on another. The rules, where they say more than the format (<see cref="Lz4Compressor"/>):
/// <list type="bullet">
/// <item>a sequence is <em>short</em> when its literal count is below 15 and 17 bytes of the block and 32 of the target are left at
/// its literals;</item>
/// <item>any other sequence is the last one, and then ends the block, exactly when its literals end less than 8 bytes before the end
/// of the block or less than 12 before the end of the target; the nibble of its match length is not looked at;</item>
/// <item>the rest of a literal count ends at least 15 bytes before the end of the block, the rest of a match length at least 4;</item>
/// <item>a match ends at least 5 bytes before the end of the target, but not where its sequence is short, its length has no rest,
/// and its distance is 8 or more;</item>
/// <item>a match of distance 0 is zeros;</item>
/// <item>a target of no bytes takes the block of one zero byte alone.</item>
/// </list></summary>
internal static unsafe class Lz4Decompressor
{
    private const int MinMatch = 4;
    private const int NibbleMax = 15;

    /// <summary>Block bytes left at the literals of a short sequence: 14 literals at most, a distance, a byte of what follows.</summary>
    private const int ShortInput = 17;

    /// <summary>Target bytes left there: 14 literals and 18 bytes of match at most.</summary>
    private const int ShortOutput = 32;

    private const int LastInput = 8;
    private const int LastOutput = 12;
    private const int LastLiterals = 5;
    private const int LiteralRestMargin = 15;
    private const int MatchRestMargin = 4;

    /// <summary>Decompresses a block.</summary>
    /// <param name="source">The block.</param>
    /// <param name="length">Its length in bytes.</param>
    /// <param name="target">Where the data go.</param>
    /// <param name="capacity">Room in bytes.</param>
    /// <returns>The number of bytes, or -1 when the block is malformed or does not fit.</returns>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static int Decompress(byte* source, int length, byte* target, int capacity)
    {
        if (length <= 0 || capacity <= 0)
        {
            return capacity == 0 && length == 1 && *source == 0 ? 0 : -1;
        }

        byte* input = source;
        byte* inputEnd = source + length;
        byte* output = target;
        byte* outputEnd = target + capacity;
        while (true)
        {
            int token = *input++;
            long literals = token >> 4;
            bool isShort = literals < NibbleMax && inputEnd - input >= ShortInput && outputEnd - output >= ShortOutput;
            if (isShort)
            {
                Copy16(input, output);
            }
            else
            {
                if (literals == NibbleMax && !TryRest(ref input, inputEnd - LiteralRestMargin, ref literals))
                {
                    return -1;
                }

                if (literals > inputEnd - input - LastInput || literals > outputEnd - output - LastOutput)
                {
                    return Finish(input, inputEnd, literals, target, output, outputEnd);
                }

                CopyLiterals(input, inputEnd, output, outputEnd, literals);
            }

            input += literals;
            output += literals;
            int distance = input[0] | (input[1] << 8);
            input += 2;
            if (distance > output - target)
            {
                return -1;
            }

            long match = token & NibbleMax;
            if (isShort && match != NibbleMax && distance >= 8)
            {
                CopyShortMatch(output - distance, output);
                output += match + MinMatch;
                continue;
            }

            if (match == NibbleMax && !TryRest(ref input, inputEnd - MatchRestMargin, ref match))
            {
                return -1;
            }

            match += MinMatch;
            if (match > outputEnd - output - LastLiterals)
            {
                return -1;
            }

            CopyMatch(output, distance, match, outputEnd);
            output += match;
        }
    }

    /// <summary>Copies the literals that end a block; returns the length of the data, or -1 when they do not end it.</summary>
    private static int Finish(byte* input, byte* inputEnd, long literals, byte* target, byte* output, byte* outputEnd)
    {
        if (literals != inputEnd - input || literals > outputEnd - output)
        {
            return -1;
        }

        Buffer.MemoryCopy(input, output, literals, literals);
        return (int)(output + literals - target);
    }

    /// <summary>Adds the rest of a length: bytes up to the first that is not 255, of which none may lie at or behind
    /// <paramref name="limit"/>. A sum cannot overflow: a block has less than 2^31 bytes.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static bool TryRest(ref byte* input, byte* limit, ref long length)
    {
        byte more;
        do
        {
            if (input >= limit)
            {
                return false;
            }

            more = *input++;
            length += more;
        }
        while (more == 255);
        return true;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Copy16(byte* from, byte* to) => Vector128.Load(from).Store(to);

    /// <summary>Eighteen bytes, which is as long as a match without a rest can be; the distance is 8 or more.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void CopyShortMatch(byte* from, byte* to)
    {
        Unsafe.WriteUnaligned(to, Unsafe.ReadUnaligned<ulong>(from));
        Unsafe.WriteUnaligned(to + 8, Unsafe.ReadUnaligned<ulong>(from + 8));
        Unsafe.WriteUnaligned(to + 16, Unsafe.ReadUnaligned<ushort>(from + 16));
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void CopyLiterals(byte* from, byte* fromEnd, byte* to, byte* toEnd, long count)
    {
        if (count <= 32 && fromEnd - from >= 32 && toEnd - to >= 32)
        {
            Copy16(from, to);
            Copy16(from + 16, to + 16);
        }
        else
        {
            Buffer.MemoryCopy(from, to, count, count);
        }
    }

    /// <summary>Copies a match, which may overlap what it writes. What lies behind it may be overwritten up to
    /// <paramref name="outputEnd"/>.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void CopyMatch(byte* output, int distance, long count, byte* outputEnd)
    {
        byte* end = output + count;
        if (distance < 8)
        {
            if (distance < 2)
            {
                new Span<byte>(output, (int)count).Fill(distance == 0 ? (byte)0 : output[-1]);
                return;
            }

            // A pattern of less than eight bytes is one of a multiple of its length, once that much of it is there.
            int repeated = distance * ((7 + distance) / distance);
            byte* patternEnd = output + Math.Min(repeated - distance, count);
            for (; output < patternEnd; output++)
            {
                *output = *(output - distance);
            }

            distance = repeated;
        }

        byte* from = output - distance;
        if (distance >= 16)
        {
            for (byte* bulkEnd = Earlier(end, outputEnd - 15); output < bulkEnd; output += 16, from += 16)
            {
                Copy16(from, output);
            }
        }
        else
        {
            for (byte* bulkEnd = Earlier(end, outputEnd - 7); output < bulkEnd; output += 8, from += 8)
            {
                Unsafe.WriteUnaligned(output, Unsafe.ReadUnaligned<ulong>(from));
            }
        }

        for (; output < end; output++, from++)
        {
            *output = *from;
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static byte* Earlier(byte* left, byte* right) => left < right ? left : right;
}
