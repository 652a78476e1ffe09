using System.Buffers.Binary;
using ChunkSync.Sqlite;

namespace ChunkSync.Session;

/// <summary>UUID version 7 (RFC 9562): 48 bits of Unix milliseconds, then version, variant and random bits.</summary>
internal static unsafe class Uuid7
{
    public const int Length = 16;

    /// <summary>Writes a new id of 16 bytes.</summary>
    public static void Create(Span<byte> target)
    {
        fixed (byte* bytes = target)
        {
            Sqlite3.Api->randomness(Length, bytes);
        }

        long milliseconds = DateTimeOffset.UtcNow.ToUnixTimeMilliseconds();
        BinaryPrimitives.WriteUInt32BigEndian(target, (uint)(milliseconds >> 16));
        BinaryPrimitives.WriteUInt16BigEndian(target[4..], (ushort)milliseconds);
        target[6] = (byte)(0x70 | (target[6] & 0x0F));
        target[8] = (byte)(0x80 | (target[8] & 0x3F));
    }

    /// <summary>Lower-case hex digits, with or without dashes.</summary>
    public static string Format(ReadOnlySpan<byte> id, bool dashes)
    {
        string hex = Convert.ToHexStringLower(id);
        return dashes ? $"{hex[..8]}-{hex[8..12]}-{hex[12..16]}-{hex[16..20]}-{hex[20..]}" : hex;
    }

    /// <summary>Parses 32 hex digits of either case; dashes may stand between bytes, before and behind.</summary>
    public static bool TryParse(ReadOnlySpan<byte> text, Span<byte> id)
    {
        int count = 0;
        for (int i = 0; i < text.Length; i++)
        {
            if (text[i] == (byte)'-')
            {
                continue;
            }

            if (count == Length || i + 1 == text.Length || !char.IsAsciiHexDigit((char)text[i]) || !char.IsAsciiHexDigit((char)text[i + 1]))
            {
                return false;
            }

            id[count++] = (byte)((Digit(text[i]) << 4) | Digit(text[i + 1]));
            i++;
        }

        return count == Length;
    }

    private static int Digit(byte letter) => letter <= (byte)'9' ? letter - '0' : (letter | 0x20) - 'a' + 10;
}
