using System.Text;

namespace ChunkSync.Tests.Format;

/// <summary>Data that lead a compressor into its corners.</summary>
internal static class Lz4Samples
{
    /// <summary>All of them.</summary>
    public static IEnumerable<byte[]> All(Random random) =>
        [.. Tiny(random), .. Edges(random), .. Repetitive(random), .. FarMatches(random), .. Mixed(random, 150)];

    /// <summary>0 to 80 bytes: zeros, text, noise.</summary>
    public static IEnumerable<byte[]> Tiny(Random random)
    {
        for (int length = 0; length <= 80; length++)
        {
            yield return new byte[length];
            yield return Encoding.ASCII.GetBytes(string.Concat(Enumerable.Repeat("abcdefg", 12))[..length]);
            yield return Noise(random, length);
        }
    }

    /// <summary>Literals, a match and literals, with lengths at which another length byte begins.</summary>
    private static IEnumerable<byte[]> Edges(Random random)
    {
        int[] lengths = [0, 1, 3, 4, 5, 13, 14, 15, 16, 17, 18, 19, 20, 254, 255, 256, 269, 270, 271, 273, 274, 275, 524, 525, 526, 529];
        foreach (int literals in lengths)
        {
            foreach (int match in lengths)
            {
                byte[] run = [.. Enumerable.Repeat((byte)7, match + 1)];
                yield return [.. Noise(random, literals), .. run, .. Noise(random, random.Next(20))];
            }
        }
    }

    /// <summary>Patterns of every short period and of some long ones, incompressible data, nothing but zeros.</summary>
    private static IEnumerable<byte[]> Repetitive(Random random)
    {
        foreach (int period in (int[])[.. Enumerable.Range(1, 33), 255, 256, 4095, 4096, 65534])
        {
            byte[] pattern = Noise(random, period);
            yield return [.. Enumerable.Range(0, (period * 3) + random.Next(100)).Select(i => pattern[i % period])];
        }

        yield return Noise(random, 100_000);
        yield return new byte[200_000];
        yield return Encoding.ASCII.GetBytes(string.Join(",", Enumerable.Range(0, 20_000)));
    }

    /// <summary>A piece that comes again after 65,535 bytes, the furthest a match reaches, and around that.</summary>
    private static IEnumerable<byte[]> FarMatches(Random random)
    {
        byte[] piece = Noise(random, 40);
        for (int distance = 65_533; distance <= 65_538; distance++)
        {
            yield return [.. piece, .. new byte[distance - piece.Length], .. piece, .. Noise(random, 20)];
        }
    }

    /// <summary>Noise, runs and copies of earlier pieces in random order.</summary>
    private static IEnumerable<byte[]> Mixed(Random random, int count)
    {
        for (int i = 0; i < count; i++)
        {
            List<byte> data = [];
            int wanted = random.Next(6000);
            while (data.Count < wanted)
            {
                int length = random.Next(random.Next(3) == 0 ? 700 : 25);
                int from = random.Next(data.Count + 1);
                data.AddRange(random.Next(3) switch
                {
                    0 => Noise(random, length),
                    1 => Enumerable.Repeat((byte)random.Next(4), length),
                    _ => data.GetRange(from, Math.Min(length, data.Count - from)),
                });
            }

            yield return [.. data];
        }
    }

    private static byte[] Noise(Random random, int length)
    {
        byte[] bytes = new byte[length];
        random.NextBytes(bytes);
        return bytes;
    }
}
