namespace ChunkSync.Tests.Payload;

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

    /// <summary>Decompresses; null when the block is malformed or gives more than <paramref name="capacity"/> bytes.</summary>
    public static NaiveLz4? Decode(byte[] block, int capacity)
    {
        NaiveLz4 decoder = new();
        int at = 0;
        while (at < block.Length)
        {
            int token = block[at++];
            if (!TryLength(block, ref at, token >> 4, out long literals) || literals > block.Length - at
                || literals > capacity - decoder.data.Count)
            {
                return null;
            }

            decoder.data.AddRange(block.AsSpan(at, (int)literals));
            decoder.LastLiterals = (int)literals;
            at += (int)literals;
            if (at == block.Length)
            {
                return (token & 15) == 0 ? decoder : null;
            }

            if (!decoder.TryMatch(block, ref at, token & 15, capacity))
            {
                return null;
            }
        }

        return null;
    }

    private static bool TryLength(byte[] block, ref int at, int nibble, out long length)
    {
        length = nibble;
        if (nibble < 15)
        {
            return true;
        }

        while (at < block.Length)
        {
            length += block[at];
            if (block[at++] != 255)
            {
                return true;
            }
        }

        return false;
    }

    private bool TryMatch(byte[] block, ref int at, int nibble, int capacity)
    {
        if (block.Length - at < 2)
        {
            return false;
        }

        int offset = block[at] | (block[at + 1] << 8);
        at += 2;
        if (offset == 0 || offset > data.Count || !TryLength(block, ref at, nibble, out long length)
            || length + 4 > capacity - data.Count)
        {
            return false;
        }

        LastMatch = data.Count;
        MaxOffset = Math.Max(MaxOffset, offset);
        for (long i = 0; i < length + 4; i++)
        {
            data.Add(data[^offset]);
        }

        return true;
    }
}
