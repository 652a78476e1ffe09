namespace ChunkSync.Tests.Format;

/// <summary>The LZ4 block format as its public description says it, a byte at a time: the oracle.</summary>
internal sealed class NaiveLz4
{
    private readonly List<byte> data = [];

    /// <summary>The decompressed bytes.</summary>
    public byte[] Data => [.. data];

    /// <summary>Where the last match begins; -1 when there is none.</summary>
    public int LastMatch { get; private set; } = -1;

    /// <summary>The literals at the end.</summary>
    public int LastLiterals { get; private set; }

    /// <summary>The furthest a match reaches back.</summary>
    public int MaxOffset { get; private set; }

    /// <summary>Decompresses; null when the block is malformed or gives more than <paramref name="capacity"/> bytes. What is
    /// accepted is what liblz4 accepts: the format, and how far from both ends a sequence has to stay.</summary>
    public static NaiveLz4? Decode(byte[] block, int capacity)
    {
        NaiveLz4 decoder = new();
        if (capacity == 0)
        {
            return block is [0] ? decoder : null;
        }

        int at = 0;
        while (at < block.Length)
        {
            int token = block[at++];
            bool isShort = token >> 4 < 15 && at + 17 <= block.Length && decoder.data.Count + 32 <= capacity;
            if (!TryLength(block, ref at, token >> 4, 15, out long literals))
            {
                return null;
            }

            if (!isShort && (at + literals > block.Length - 8 || decoder.data.Count + literals > capacity - 12))
            {
                return decoder.TryEnd(block, at, literals, capacity) ? decoder : null;
            }

            decoder.data.AddRange(block.AsSpan(at, (int)literals));
            at += (int)literals;
            if (!decoder.TryMatch(block, ref at, token & 15, isShort, capacity))
            {
                return null;
            }
        }

        return null;
    }

    private static bool TryLength(byte[] block, ref int at, int nibble, int margin, out long length)
    {
        length = nibble;
        if (nibble < 15)
        {
            return true;
        }

        while (at < block.Length - margin)
        {
            length += block[at];
            if (block[at++] != 255)
            {
                return true;
            }
        }

        return false;
    }

    private bool TryEnd(byte[] block, int at, long literals, int capacity)
    {
        if (at + literals != block.Length || data.Count + literals > capacity)
        {
            return false;
        }

        data.AddRange(block.AsSpan(at));
        LastLiterals = (int)literals;
        return true;
    }

    private bool TryMatch(byte[] block, ref int at, int nibble, bool isShort, int capacity)
    {
        int offset = block[at] | (block[at + 1] << 8);
        at += 2;
        if (offset > data.Count || !TryLength(block, ref at, nibble, 4, out long length))
        {
            return false;
        }

        length += 4;
        bool mayReachTheEnd = isShort && nibble < 15 && offset >= 8;
        if (data.Count + length > (mayReachTheEnd ? capacity : capacity - 5))
        {
            return false;
        }

        LastMatch = data.Count;
        MaxOffset = Math.Max(MaxOffset, offset);
        for (long i = 0; i < length; i++)
        {
            data.Add(offset == 0 ? (byte)0 : data[^offset]);
        }

        return true;
    }
}
