using System.Runtime.InteropServices;

namespace ChunkSync.Tool;

/// <summary>What makes names in a folder survive a power failure.</summary>
internal static partial class DurableFolder
{
    /// <summary>Makes a folder if it is not there. The one above it must be: a network drive that is not mounted is an error, not an empty folder.</summary>
    /// <exception cref="ToolException">The one above it is not there.</exception>
    /// <exception cref="IOException">It cannot be made.</exception>
    public static void Create(string path)
    {
        if (Directory.Exists(path))
        {
            return;
        }

        RefuseFile(path, path);
        string above = Path.GetDirectoryName(Path.GetFullPath(path)) ?? path;
        if (!Directory.Exists(above))
        {
            string shown = Path.GetDirectoryName(path) is { Length: > 0 } given ? given : above;
            RefuseFile(above, shown);
            throw new ToolException(ExitCode.InputOutput, shown, "the folder does not exist", "make it, or mount what it is on");
        }

        Directory.CreateDirectory(path);
        Sync(above);
    }

    /// <summary>Makes what was created, renamed or removed in a folder durable. File systems that cannot do that say so, and then there is nothing to do.</summary>
    public static void Sync(string path)
    {
        int folder = OperatingSystem.IsWindows() ? -1 : OpenFile(path, 0);
        if (folder >= 0)
        {
            _ = SyncFile(folder);
            _ = CloseFile(folder);
        }
    }

    private static void RefuseFile(string path, string shown)
    {
        if (File.Exists(path))
        {
            throw new ToolException(ExitCode.InputOutput, shown, "it is a file, not a folder", "give the path of a folder");
        }
    }

    // .NET opens no folders. Flags are 0 (read only): no third argument is needed.
    [LibraryImport("libc", EntryPoint = "open", StringMarshalling = StringMarshalling.Utf8)]
    private static partial int OpenFile(string path, int flags);

    [LibraryImport("libc", EntryPoint = "fsync")]
    private static partial int SyncFile(int file);

    [LibraryImport("libc", EntryPoint = "close")]
    private static partial int CloseFile(int file);
}
