using System.Runtime.InteropServices;

namespace ChunkSync.Payload;

/// <summary>LZ4 blocks by whatever does them best here: liblz4 when the process has it (linked into the native library, or the
/// system's shared one in a managed host), else <see cref="Lz4ManagedCodec"/>.</summary>
internal static unsafe class Lz4
{
    private static delegate* unmanaged[Cdecl]<byte*, byte*, int, int, int> compress;
    private static delegate* unmanaged[Cdecl]<byte*, byte*, int, int, int> decompress;

    /// <summary>The longest input of one block (LZ4_MAX_INPUT_SIZE).</summary>
    public const int MaxInput = 0x7E000000;

    /// <summary>True when liblz4 does the work.</summary>
    public static bool IsNative => compress != null;

    /// <summary>Uses liblz4's <c>LZ4_compress_default</c> and <c>LZ4_decompress_safe</c>.</summary>
    public static void UseNative(
        delegate* unmanaged[Cdecl]<byte*, byte*, int, int, int> compressDefault,
        delegate* unmanaged[Cdecl]<byte*, byte*, int, int, int> decompressSafe)
    {
        decompress = decompressSafe;
        compress = compressDefault;
    }

    /// <summary>Uses the system's shared liblz4 when there is one.</summary>
    public static bool TryUseSystemLibrary()
    {
        foreach (string name in (ReadOnlySpan<string>)["liblz4.so.1", "liblz4.dylib", "liblz4.dll"])
        {
            if (NativeLibrary.TryLoad(name, out nint library)
                && NativeLibrary.TryGetExport(library, "LZ4_compress_default", out nint compressDefault)
                && NativeLibrary.TryGetExport(library, "LZ4_decompress_safe", out nint decompressSafe))
            {
                UseNative(
                    (delegate* unmanaged[Cdecl]<byte*, byte*, int, int, int>)compressDefault,
                    (delegate* unmanaged[Cdecl]<byte*, byte*, int, int, int>)decompressSafe);
                return true;
            }
        }

        return false;
    }

    /// <summary>The most bytes that compressing <paramref name="length"/> bytes can give.</summary>
    public static int Bound(int length) => length + (length / 255) + 16;

    /// <summary>Compresses a block; returns the compressed length, or 0 when it does not fit.</summary>
    public static int Compress(byte* source, int length, byte* target, int capacity) => compress != null
        ? compress(source, target, length, capacity)
        : Lz4ManagedCodec.Compress(source, length, target, capacity);

    /// <summary>Decompresses a block that nobody vouches for; returns the length, or a negative number when it is malformed or
    /// does not fit.</summary>
    public static int Decompress(byte* source, int length, byte* target, int capacity) => decompress != null
        ? decompress(source, target, length, capacity)
        : Lz4ManagedCodec.Decompress(source, length, target, capacity);
}
