using System.Buffers.Binary;
using System.Numerics;
using System.Runtime.InteropServices;
using System.Security.Cryptography;

namespace ChunkSync.Client;

/// <summary>SHA-256 that needs nothing: on Linux .NET's own asks for OpenSSL, and ends the process where there is none, as beside a program that was compiled
/// ahead of time and copied to a small system.</summary>
internal static class Sha256
{
    /// <summary>The length of a hash.</summary>
    public const int Length = SHA256.HashSizeInBytes;

    private const int BlockLength = 64;
    private const int LengthField = 8;
    private const byte EndMark = 0x80;

    private static readonly bool HasSystems = !OperatingSystem.IsLinux() || HasOpenSsl();

    private static readonly uint[] Constants =
    [
        0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4, 0xab1c5ed5, 0xd807aa98, 0x12835b01, 0x243185be, 0x550c7dc3, 0x72be5d74,
        0x80deb1fe, 0x9bdc06a7, 0xc19bf174, 0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc, 0x2de92c6f, 0x4a7484aa, 0x5cb0a9dc, 0x76f988da, 0x983e5152, 0xa831c66d,
        0xb00327c8, 0xbf597fc7, 0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967, 0x27b70a85, 0x2e1b2138, 0x4d2c6dfc, 0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e,
        0x92722c85, 0xa2bfe8a1, 0xa81a664b, 0xc24b8b70, 0xc76c51a3, 0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070, 0x19a4c116, 0x1e376c08, 0x2748774c, 0x34b0bcb5,
        0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f, 0x682e6ff3, 0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7, 0xc67178f2,
    ];

    /// <summary>Hashes bytes.</summary>
    public static byte[] Hash(ReadOnlySpan<byte> bytes)
    {
        byte[] hash = new byte[Length];
        Hash([], bytes, hash);
        return hash;
    }

    /// <summary>Hashes one span behind the other.</summary>
    /// <param name="first">The first bytes.</param>
    /// <param name="second">The bytes behind them.</param>
    /// <param name="target">Where the hash goes: <see cref="Length"/> bytes.</param>
    public static void Hash(ReadOnlySpan<byte> first, ReadOnlySpan<byte> second, Span<byte> target)
    {
        if (!HasSystems)
        {
            HashManaged(first, second, target);
        }
        else if (first.IsEmpty)
        {
            SHA256.HashData(second, target);
        }
        else
        {
            using IncrementalHash hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
            hash.AppendData(first);
            hash.AppendData(second);
            hash.GetHashAndReset(target);
        }
    }

    /// <summary>The same without the system's.</summary>
    internal static void HashManaged(ReadOnlySpan<byte> first, ReadOnlySpan<byte> second, Span<byte> target)
    {
        Span<uint> state = [0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a, 0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19];
        Span<byte> block = stackalloc byte[BlockLength];
        int filled = 0;
        Add(first, state, block, ref filled);
        Add(second, state, block, ref filled);
        long bits = (first.Length + (long)second.Length) * 8;
        block[filled++] = EndMark;
        if (filled > BlockLength - LengthField)
        {
            block[filled..].Clear();
            Compress(block, state);
            filled = 0;
        }

        block[filled..].Clear();
        BinaryPrimitives.WriteInt64BigEndian(block[^LengthField..], bits);
        Compress(block, state);
        for (int i = 0; i < state.Length; i++)
        {
            BinaryPrimitives.WriteUInt32BigEndian(target[(i * sizeof(uint))..], state[i]);
        }
    }

    private static void Add(ReadOnlySpan<byte> bytes, Span<uint> state, Span<byte> block, ref int filled)
    {
        while (!bytes.IsEmpty)
        {
            if (filled == 0 && bytes.Length >= BlockLength)
            {
                Compress(bytes[..BlockLength], state);
                bytes = bytes[BlockLength..];
                continue;
            }

            int count = Math.Min(bytes.Length, BlockLength - filled);
            bytes[..count].CopyTo(block[filled..]);
            bytes = bytes[count..];
            filled += count;
            if (filled == BlockLength)
            {
                Compress(block, state);
                filled = 0;
            }
        }
    }

    private static void Compress(ReadOnlySpan<byte> block, Span<uint> state)
    {
        Span<uint> words = stackalloc uint[BlockLength];
        for (int i = 0; i < 16; i++)
        {
            words[i] = BinaryPrimitives.ReadUInt32BigEndian(block[(i * sizeof(uint))..]);
        }

        for (int i = 16; i < words.Length; i++)
        {
            (uint near, uint far) = (words[i - 2], words[i - 15]);
            words[i] = words[i - 16] + words[i - 7]
                + (BitOperations.RotateRight(far, 7) ^ BitOperations.RotateRight(far, 18) ^ (far >> 3))
                + (BitOperations.RotateRight(near, 17) ^ BitOperations.RotateRight(near, 19) ^ (near >> 10));
        }

        (uint a, uint b, uint c, uint d, uint e, uint f, uint g, uint h) = (state[0], state[1], state[2], state[3], state[4], state[5], state[6], state[7]);
        for (int i = 0; i < words.Length; i++)
        {
            uint one = h + (BitOperations.RotateRight(e, 6) ^ BitOperations.RotateRight(e, 11) ^ BitOperations.RotateRight(e, 25))
                + ((e & f) ^ (~e & g)) + Constants[i] + words[i];
            uint two = (BitOperations.RotateRight(a, 2) ^ BitOperations.RotateRight(a, 13) ^ BitOperations.RotateRight(a, 22)) + ((a & b) ^ (a & c) ^ (b & c));
            (h, g, f, e, d, c, b, a) = (g, f, e, d + one, c, b, a, one + two);
        }

        (state[0], state[1], state[2], state[3]) = (state[0] + a, state[1] + b, state[2] + c, state[3] + d);
        (state[4], state[5], state[6], state[7]) = (state[4] + e, state[5] + f, state[6] + g, state[7] + h);
    }

    /// <summary>Whether one of the versions is there that .NET looks for.</summary>
    private static bool HasOpenSsl()
    {
        foreach (string name in (string[])["libssl.so.3", "libssl.so.1.1", "libssl.so.1.0.2", "libssl.so.1.0.0", "libssl.so.10"])
        {
            if (NativeLibrary.TryLoad(name, out _))
            {
                return true;
            }
        }

        return false;
    }
}
