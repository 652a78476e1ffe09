using System.Globalization;
using System.Runtime.InteropServices;

namespace ChunkSync.Format;

/// <summary>A liblz4: its version and the two functions that are used of it.</summary>
/// <param name="version">LZ4_versionNumber: major * 10,000 + minor * 100 + release.</param>
/// <param name="compressDefault"><c>LZ4_compress_default</c>.</param>
/// <param name="decompressSafe"><c>LZ4_decompress_safe</c>.</param>
internal sealed unsafe class Lz4Library(
    int version,
    delegate* unmanaged[Cdecl]<byte*, byte*, int, int, int> compressDefault,
    delegate* unmanaged[Cdecl]<byte*, byte*, int, int, int> decompressSafe)
{
    /// <summary>1.9.3, the oldest release whose output was compared.</summary>
    private const int Oldest = 10903;

    /// <summary>The first release behind 1.10, whose output was not compared.</summary>
    private const int TooNew = 11100;

    private readonly delegate* unmanaged[Cdecl]<byte*, byte*, int, int, int> compress = compressDefault;
    private readonly delegate* unmanaged[Cdecl]<byte*, byte*, int, int, int> decompress = decompressSafe;

    /// <summary>True when this release, on this kind of machine, gives the bytes that payloads are made of. Others compress as
    /// validly, but a chunk would not be the same on every machine; on 32-bit machines liblz4 itself finds other matches.</summary>
    public bool IsKnown => version is >= Oldest and < TooNew && sizeof(nint) == 8 && BitConverter.IsLittleEndian;

    /// <summary>The functions of a loaded library, or null when it lacks one.</summary>
    /// <param name="handle">The handle from <see cref="NativeLibrary"/>.</param>
    public static Lz4Library? Bind(nint handle) =>
        NativeLibrary.TryGetExport(handle, "LZ4_versionNumber", out nint versionNumber)
        && NativeLibrary.TryGetExport(handle, "LZ4_compress_default", out nint compressDefault)
        && NativeLibrary.TryGetExport(handle, "LZ4_decompress_safe", out nint decompressSafe)
            ? new Lz4Library(
                ((delegate* unmanaged[Cdecl]<int>)versionNumber)(),
                (delegate* unmanaged[Cdecl]<byte*, byte*, int, int, int>)compressDefault,
                (delegate* unmanaged[Cdecl]<byte*, byte*, int, int, int>)decompressSafe)
            : null;

    /// <summary>As <see cref="Lz4.Compress"/>.</summary>
    public int Compress(byte* source, int length, byte* target, int capacity) => compress(source, target, length, capacity);

    /// <summary>As <see cref="Lz4.Decompress"/>.</summary>
    public int Decompress(byte* source, int length, byte* target, int capacity) => decompress(source, target, length, capacity);

    /// <summary>For example "liblz4 1.9.4".</summary>
    public override string ToString() =>
        string.Create(CultureInfo.InvariantCulture, $"liblz4 {version / 10_000}.{version / 100 % 100}.{version % 100}");
}
