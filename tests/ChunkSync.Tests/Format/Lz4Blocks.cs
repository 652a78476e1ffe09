using ChunkSync.Format;

namespace ChunkSync.Tests.Format;

/// <summary>Random LZ4 blocks and capacities of their targets: well-formed ones, damaged ones, and ones that end where a decoder has to
/// look twice.</summary>
internal static class Lz4Blocks
{
    /// <summary>A block and the room for its data.</summary>
    public static (byte[] Block, int Capacity) Next(Random random) => random.Next(8) switch
    {
        0 => (Noise(random), random.Next(200)),
        1 or 2 => Damaged(random),
        _ => Made(random),
    };

    private static byte[] Noise(Random random)
    {
        byte[] block = new byte[random.Next(60)];
        random.NextBytes(block);
        return block;
    }

    /// <summary>What a compressor made, cut, continued or with other bytes here and there.</summary>
    private static (byte[] Block, int Capacity) Damaged(Random random)
    {
        byte[] data = new byte[random.Next(1, 600)];
        Lz4Inputs.Fill(random, data, random.Next(9));
        byte[] block = Compressed(data);
        switch (random.Next(4))
        {
            case 0:
                block = block[..random.Next(block.Length)];
                break;
            case 1:
                block = [.. block, .. Noise(random)];
                break;
            case 2:
                for (int i = random.Next(1, 4); i > 0; i--)
                {
                    block[random.Next(block.Length)] = (byte)(random.Next(3) == 0 ? 255 : random.Next(256));
                }

                break;
        }

        return (block, Math.Max(0, data.Length + random.Next(-20, 40)));
    }

    private static unsafe byte[] Compressed(byte[] data)
    {
        byte[] block = new byte[Lz4.Bound(data.Length)];
        fixed (byte* source = data, target = block)
        {
            return block[..Lz4Compressor.Compress(source, data.Length, target, block.Length)];
        }
    }

    /// <summary>Sequences written down one by one, mostly with distances that exist, and a target that is just large enough, or
    /// nearly.</summary>
    private static (byte[] Block, int Capacity) Made(Random random)
    {
        List<byte> block = [];
        int size = 0;
        for (int sequences = random.Next(6); sequences > 0; sequences--)
        {
            int literals = Length(random);
            int match = Length(random);
            AddLiterals(random, block, literals, match);
            size += literals;
            int distance = random.Next(10) == 0 ? random.Next(20) : random.Next(size == 0 ? 0 : 1, size + 1);
            block.Add((byte)distance);
            block.Add((byte)(distance >> 8));
            AddRest(block, match);
            size += match + 4;
        }

        int last = random.Next(3) == 0 ? random.Next(15) : random.Next(5, 40);
        AddLiterals(random, block, last, random.Next(4) == 0 ? random.Next(16) : 0);
        size += last;
        int capacity = random.Next(3) == 0 ? size : size + random.Next(-6, 80);
        return ([.. block], Math.Max(0, capacity));
    }

    private static int Length(Random random) => random.Next(5) switch
    {
        0 => 0,
        1 => random.Next(13, 18),
        2 => random.Next(265, 275),
        _ => random.Next(40),
    };

    private static void AddLiterals(Random random, List<byte> block, int literals, int match)
    {
        block.Add((byte)((Math.Min(literals, 15) << 4) | Math.Min(match, 15)));
        AddRest(block, literals);
        for (int i = 0; i < literals; i++)
        {
            block.Add((byte)random.Next(256));
        }
    }

    private static void AddRest(List<byte> block, int length)
    {
        if (length >= 15)
        {
            for (length -= 15; length >= 255; length -= 255)
            {
                block.Add(255);
            }

            block.Add((byte)length);
        }
    }
}
