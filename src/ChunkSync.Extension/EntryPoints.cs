using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

using ChunkSync.Hosting;

namespace ChunkSync.Extension;

/// <summary>The entry points of the native library, nothing else. SQLite tries <c>sqlite3_extension_init</c> first, then a name
/// made from the file's; sqlite-sync's name is there for hosts that ask for it.</summary>
internal static unsafe partial class EntryPoints
{
    [UnmanagedCallersOnly(EntryPoint = "sqlite3_extension_init", CallConvs = [typeof(CallConvCdecl)])]
    private static int ExtensionInit(nint db, byte** errorMessage, void* api) => Load(db, errorMessage, api);

    [UnmanagedCallersOnly(EntryPoint = "sqlite3_chunksync_init", CallConvs = [typeof(CallConvCdecl)])]
    private static int ChunkSyncInit(nint db, byte** errorMessage, void* api) => Load(db, errorMessage, api);

    [UnmanagedCallersOnly(EntryPoint = "sqlite3_cloudsync_init", CallConvs = [typeof(CallConvCdecl)])]
    private static int CloudSyncInit(nint db, byte** errorMessage, void* api) => Load(db, errorMessage, api);

    /// <summary>The engine catches everything itself.</summary>
    private static int Load(nint db, byte** errorMessage, void* api)
    {
#if STATIC_LZ4
        return Bootstrap.Load(db, errorMessage, api, &UseLinkedCodec);
#else
        return Bootstrap.Load(db, errorMessage, api);
#endif
    }

#if STATIC_LZ4
    /// <summary>Takes the liblz4 that the build has found, unless it would give other bytes.</summary>
    private static void UseLinkedCodec()
    {
        if (Format.Lz4.Library == null && new Format.Lz4Library(LZ4_versionNumber(), &Compress, &Decompress) is { IsKnown: true } linked)
        {
            Format.Lz4.Library = linked;
        }
    }

    // Plain calls into the archive that is linked in; the engine calls them through pointers.
    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static int Compress(byte* source, byte* target, int length, int capacity) =>
        LZ4_compress_default(source, target, length, capacity);

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static int Decompress(byte* source, byte* target, int length, int capacity) =>
        LZ4_decompress_safe(source, target, length, capacity);

    [LibraryImport("lz4")]
    private static partial int LZ4_versionNumber();

    [LibraryImport("lz4")]
    private static partial int LZ4_compress_default(byte* source, byte* target, int length, int capacity);

    [LibraryImport("lz4")]
    private static partial int LZ4_decompress_safe(byte* source, byte* target, int length, int capacity);
#endif
}
