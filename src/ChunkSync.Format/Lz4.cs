using System.Runtime.InteropServices;

namespace ChunkSync.Format;

/// <summary>LZ4 blocks, by liblz4 or by the managed codec. Both give the same bytes and accept the same blocks; liblz4, which is
/// faster, does the work where one is linked or found that is known to give these bytes (<see cref="Lz4Library.IsKnown"/>).</summary>
internal static unsafe class Lz4
{
    /// <summary>The longest input of one block (LZ4_MAX_INPUT_SIZE).</summary>
    public const int MaxInput = 0x7E000000;

    /// <summary>What <see cref="Codec"/> is without liblz4.</summary>
    public const string Managed = "managed";

    private static Lz4Library? library;
    private static bool searched;

    /// <summary>Which codec does the work: "liblz4" with its version, or "managed".</summary>
    public static string Codec => library?.ToString() ?? Managed;

    /// <summary>The liblz4 in use, or null. May be changed at any time: whatever does the work, the bytes are the same.</summary>
    public static Lz4Library? Library
    {
        get => library;
        set
        {
            library = value;
            searched = true;
        }
    }

    /// <summary>Uses the system's shared liblz4 when there is a known one. Looks for it once per process, and not at all when
    /// <see cref="Library"/> was set.</summary>
    public static void UseSystemLibrary()
    {
        if (!searched)
        {
            Library = FindSystemLibrary();
        }
    }

    /// <summary>The most bytes that compressing <paramref name="length"/> bytes can give.</summary>
    public static int Bound(int length) => length + (length / 255) + 16;

    /// <summary>Compresses a block; returns the compressed length, or 0 when it does not fit.</summary>
    public static int Compress(byte* source, int length, byte* target, int capacity) => library is Lz4Library native
        ? native.Compress(source, length, target, capacity)
        : Lz4Compressor.Compress(source, length, target, capacity);

    /// <summary>Decompresses an untrusted block; returns the length, or a negative number when it is malformed or
    /// does not fit.</summary>
    public static int Decompress(byte* source, int length, byte* target, int capacity) => library is Lz4Library native
        ? native.Decompress(source, length, target, capacity)
        : Lz4Decompressor.Decompress(source, length, target, capacity);

    private static Lz4Library? FindSystemLibrary()
    {
        foreach (string name in (ReadOnlySpan<string>)["liblz4.so.1", "liblz4.dylib", "liblz4.dll"])
        {
            if (NativeLibrary.TryLoad(name, out nint handle) && Lz4Library.Bind(handle) is { IsKnown: true } found)
            {
                return found;
            }
        }

        return null;
    }
}
