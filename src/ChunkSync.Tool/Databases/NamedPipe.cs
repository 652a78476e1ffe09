using System.Buffers.Binary;
using System.Runtime.InteropServices;

namespace ChunkSync.Tool;

/// <summary>Named pipes, which are no files: opening one waits for whoever has its other end.</summary>
internal static partial class NamedPipe
{
    private const int WorkingFolder = -100;
    private const uint OnlyType = 1;
    private const int ModeOffset = 28;
    private const int TypeMask = 0xf000;
    private const int PipeType = 0x1000;

    /// <summary>Whether a path leads to one. It is looked at, not opened: closing a database file would end the locks that this process has on it.</summary>
    public static bool Is(string path)
    {
        if (!OperatingSystem.IsLinux())
        {
            return false;
        }

        Span<byte> about = stackalloc byte[256];
        try
        {
            return LookAt(WorkingFolder, path, 0, OnlyType, ref about[0]) == 0 && (BinaryPrimitives.ReadUInt16LittleEndian(about[ModeOffset..]) & TypeMask) == PipeType;
        }
        catch (EntryPointNotFoundException)
        {
            // An old C library does not have it.
            return false;
        }
    }

    /// <summary>Opens a file or pipe. Waiting for the other end can be ended; the open call is left behind then.</summary>
    /// <param name="open">Opens it.</param>
    /// <param name="cancellation">Ends it.</param>
    public static Task<T> OpenAsync<T>(Func<T> open, CancellationToken cancellation)
        where T : Stream => Task.Run(open, CancellationToken.None).WaitAsync(cancellation);

    [LibraryImport("libc", EntryPoint = "statx", StringMarshalling = StringMarshalling.Utf8)]
    private static partial int LookAt(int folder, string path, int flags, uint mask, ref byte about);
}
