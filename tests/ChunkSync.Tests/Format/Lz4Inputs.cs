using System.Buffers.Binary;

namespace ChunkSync.Tests.Format;

/// <summary>Random data of the kinds on which compressors take different ways: short, around 64 KiB and long; noise, runs, words,
/// counters, rows, copies at every distance up to the furthest and beyond.</summary>
internal static class Lz4Inputs
{
    /// <summary>The longest input.</summary>
    public const int Longest = 400_000;

    private const int Near = 65_536;
    private static readonly byte[][] Words =
        [.. "the of and SELECT INSERT id name text value 0 1 42 null true {\"a\": }, changed row column <summary> </summary> \n"
            .Split(' ').Select(word => System.Text.Encoding.UTF8.GetBytes(word + " "))];

    /// <summary>Fills the beginning of a buffer of <see cref="Longest"/> bytes; returns the length.</summary>
    public static int Fill(Random random, Span<byte> buffer)
    {
        int length = random.Next(1000) switch
        {
            < 300 => random.Next(100),
            < 700 => random.Next(2000),
            < 950 => random.Next(20_000),
            < 985 => Near + random.Next(-40, 60),
            < 998 => random.Next(60_000, 140_000),
            _ => random.Next(Longest + 1),
        };
        Fill(random, buffer[..length], random.Next(9));
        return length;
    }

    /// <summary>Fills a span with data of a kind, 0 to 8.</summary>
    public static void Fill(Random random, Span<byte> data, int kind)
    {
        switch (kind)
        {
            case 0: random.NextBytes(data); break;
            case 1: Symbols(random, data, random.Next(1, 7)); break;
            case 2: Text(random, data); break;
            case 3: Copies(random, data); break;
            case 4: Runs(random, data); break;
            case 5: Periodic(random, data); break;
            case 6: Counters(random, data); break;
            case 7: Rows(random, data); break;
            default: Parts(random, data); break;
        }
    }

    private static void Symbols(Random random, Span<byte> data, int count)
    {
        random.NextBytes(data);
        foreach (ref byte symbol in data)
        {
            symbol = (byte)(symbol % count);
        }
    }

    private static void Text(Random random, Span<byte> data)
    {
        int vocabulary = random.Next(2, Words.Length + 1);
        for (int at = 0; at < data.Length;)
        {
            at += Put(data, at, Words[random.Next(vocabulary)]);
        }
    }

    /// <summary>Noise, and pieces that were there before, near and far.</summary>
    private static void Copies(Random random, Span<byte> data)
    {
        int most = random.Next(4) == 0 ? 2000 : 40;
        for (int at = 0; at < data.Length;)
        {
            int length = Math.Min(random.Next(1, most), data.Length - at);
            if (at == 0 || random.Next(3) == 0)
            {
                random.NextBytes(data.Slice(at, length));
            }
            else
            {
                Repeat(data, at, Math.Min(Logarithmic(random, 80_000), at), length);
            }

            at += length;
        }
    }

    private static void Runs(Random random, Span<byte> data)
    {
        int most = Logarithmic(random, 5000) + 1;
        for (int at = 0; at < data.Length;)
        {
            int length = Math.Min(random.Next(1, most + 1), data.Length - at);
            data.Slice(at, length).Fill((byte)random.Next(8));
            at += length;
        }
    }

    /// <summary>One pattern over and over, with a changed byte here and there; or with distances around the furthest.</summary>
    private static void Periodic(Random random, Span<byte> data)
    {
        int period = random.Next(4) == 0 ? 65_535 + random.Next(-2, 3) : Logarithmic(random, 70_000);
        period = Math.Min(period, data.Length);
        random.NextBytes(data[..period]);
        if (period > 0)
        {
            Repeat(data, period, period, data.Length - period);
        }

        for (int i = random.Next(4) == 0 ? 0 : data.Length / Logarithmic(random, 3000); i > 0; i--)
        {
            data[random.Next(data.Length)]++;
        }
    }

    private static void Counters(Random random, Span<byte> data)
    {
        int number = random.Next();
        int step = random.Next(1, 300);
        int width = random.Next(4, 13);
        Span<byte> record = stackalloc byte[12];
        record.Clear();
        for (int at = 0; at < data.Length; number += step)
        {
            BinaryPrimitives.WriteInt32BigEndian(record[..4], number);
            at += Put(data, at, record[..width]);
        }
    }

    /// <summary>What a payload's rows look like: names and keys that repeat, numbers that count, values of one's own.</summary>
    private static void Rows(Random random, Span<byte> data)
    {
        byte[] value = new byte[random.Next(1, 60)];
        for (int at = 0, row = random.Next(100_000); at < data.Length; row++)
        {
            random.NextBytes(value);
            at += Put(data, at, "\x43items"u8);
            at += Put(data, at, System.Text.Encoding.ASCII.GetBytes($"row-{row / 4:D8}"));
            at += Put(data, at, Words[row & 3]);
            at += Put(data, at, row % 3 == 0 ? value : Words[random.Next(Words.Length)]);
        }
    }

    /// <summary>Two kinds, one behind the other.</summary>
    private static void Parts(Random random, Span<byte> data)
    {
        int cut = random.Next(data.Length + 1);
        Fill(random, data[..cut], random.Next(8));
        Fill(random, data[cut..], random.Next(8));
    }

    private static int Put(Span<byte> data, int at, ReadOnlySpan<byte> piece)
    {
        int length = Math.Min(piece.Length, data.Length - at);
        piece[..length].CopyTo(data[at..]);
        return length;
    }

    private static void Repeat(Span<byte> data, int at, int distance, int length)
    {
        for (int i = at; i < at + length; i++)
        {
            data[i] = data[i - distance];
        }
    }

    /// <summary>1 to about <paramref name="most"/>, every order of magnitude as often as another.</summary>
    private static int Logarithmic(Random random, int most) => (int)Math.Exp(random.NextDouble() * Math.Log(most));
}
