using System.Runtime.InteropServices;
using ChunkSync.Merge;
using ChunkSync.Sqlite;

namespace ChunkSync.Sql;

/// <summary>Payloads in files. A file appears whole or not at all: it is written under a temporary name in the same folder, flushed to the
/// disk, and renamed; what had the name before stays until then. A symbolic link is replaced, not followed.</summary>
internal static unsafe partial class PayloadFile
{
    private const string WriteFailure = "Unable to write payload to file path";
    private const string ReadFailure = "Unable to read payload from file path.";

    /// <summary>errno of a full disk, the same everywhere but on Windows, and Windows' code.</summary>
    private const int NoSpace = 28;
    private const int WindowsDiskFull = unchecked((int)0x80070070);

    /// <summary>Writes a payload; an older file of that name is replaced, and keeps its permissions.</summary>
    /// <exception cref="EngineException">SQLITE_IOERR, naming the path and the cause; the older file is as it was.</exception>
    public static void Write(string path, byte* payload, long length)
    {
        string? temporary = null;
        try
        {
            CheckPath(path, WriteFailure);
            string target = Path.GetFullPath(path);
            temporary = Path.Combine(Path.GetDirectoryName(target) ?? target, ".chunksync-" + Guid.NewGuid().ToString("N") + ".tmp");
            WriteNew(temporary, PermissionsOf(target), payload, length);
            File.Move(temporary, target, overwrite: true);
            temporary = null;
            SyncFolderOf(target);
        }
        catch (Exception failure) when (IsOfFiles(failure))
        {
            throw Failure(WriteFailure, path, failure);
        }
        finally
        {
            Remove(temporary);
        }
    }

    /// <summary>Reads a file.</summary>
    /// <param name="path">Its path.</param>
    /// <param name="length">Its length, at least 1.</param>
    /// <returns>The bytes in memory of <see cref="Sqlite3.Allocate"/>, which the caller frees.</returns>
    /// <exception cref="EngineException">SQLITE_IOERR, naming the path and the cause; SQLITE_MISUSE for an empty file.</exception>
    public static byte* Read(string path, out long length)
    {
        byte* payload = null;
        try
        {
            CheckPath(path, ReadFailure);
            using FileStream file = new(path, FileMode.Open, FileAccess.Read, FileShare.Read);
            length = file.Length;
            if (length == 0)
            {
                throw PayloadErrors.Malformed("invalid payload length");
            }

            if (length > int.MaxValue)
            {
                throw Failure(ReadFailure, path, $"it has {length} bytes, a payload has at most {int.MaxValue}");
            }

            payload = Sqlite3.Allocate(length);
            file.ReadExactly(new Span<byte>(payload, (int)length));
            return payload;
        }
        catch (Exception failure) when (IsOfFiles(failure))
        {
            Sqlite3.Free(payload);
            throw Failure(ReadFailure, path, failure);
        }
    }

    private static void WriteNew(string path, UnixFileMode? permissions, byte* payload, long length)
    {
        using FileStream file = new(path, FileMode.CreateNew, FileAccess.Write, FileShare.None, bufferSize: 0);
        if (permissions is UnixFileMode mode && !OperatingSystem.IsWindows())
        {
            File.SetUnixFileMode(file.SafeFileHandle, mode);
        }

        for (long offset = 0; offset < length;)
        {
            int part = (int)Math.Min(length - offset, int.MaxValue);
            file.Write(new ReadOnlySpan<byte>(payload + offset, part));
            offset += part;
        }

        file.Flush(flushToDisk: true);
    }

    /// <summary>The permissions of the file that is replaced; null for those of a new file.</summary>
    private static UnixFileMode? PermissionsOf(string path) =>
        OperatingSystem.IsWindows() || !File.Exists(path) || new FileInfo(path).LinkTarget != null ? null : File.GetUnixFileMode(path);

    /// <summary>Removes what a failure has left behind; a failure to do that adds nothing to the one that is reported.</summary>
    private static void Remove(string? temporary)
    {
        try
        {
            if (temporary != null)
            {
                File.Delete(temporary);
            }
        }
        catch (Exception failure) when (IsOfFiles(failure))
        {
            Guard.Swallow(failure);
        }
    }

    private static bool IsOfFiles(Exception failure) =>
        failure is IOException or UnauthorizedAccessException or ArgumentException or NotSupportedException;

    /// <summary>Refuses what no regular file can be: opening a pipe would wait for its other end, and renaming would replace a device.</summary>
    private static void CheckPath(string path, string operation)
    {
        if (path.Length == 0)
        {
            throw Failure(operation, path, "the path is empty");
        }

        if (Directory.Exists(path))
        {
            throw Failure(operation, path, "it is a folder");
        }

        if (IsSpecial(path))
        {
            throw Failure(operation, path, "it is not a regular file");
        }
    }

    private static EngineException Failure(string operation, string path, Exception failure) => Failure(operation, path, failure switch
    {
        FileNotFoundException => "there is no such file",
        DirectoryNotFoundException => "the folder does not exist",
        PathTooLongException => "the path is too long",
        UnauthorizedAccessException => "permission denied",
        EndOfStreamException => "it became shorter while it was read",
        ArgumentOutOfRangeException => "it is longer than a file may be here",
        IOException { HResult: NoSpace or WindowsDiskFull } => "the disk is full",
        IOException => $"error {failure.HResult & 0xffff} of the operating system",
        _ => "this is not a path",
    });

    private static EngineException Failure(string operation, string path, string cause) =>
        new(ResultCode.IoErr, $"{operation} '{path}': {cause}");

    /// <summary>Whether a path leads to a pipe, a terminal or another device that cannot be flushed to a disk.</summary>
    private static bool IsSpecial(string path)
    {
        const int LinuxNonBlocking = 0x800;
        const int BsdNonBlocking = 4;
        if (OperatingSystem.IsWindows())
        {
            return false;
        }

        int file = OpenFile(path, OperatingSystem.IsLinux() || OperatingSystem.IsAndroid() ? LinuxNonBlocking : BsdNonBlocking);
        if (file < 0)
        {
            return false;
        }

        bool special = SyncFile(file) != 0;
        _ = CloseFile(file);
        return special;
    }

    /// <summary>Makes a rename durable. File systems that cannot do that for a folder say so, and then there is nothing to do.</summary>
    private static void SyncFolderOf(string path)
    {
        int folder = OperatingSystem.IsWindows() ? -1 : OpenFile(Path.GetDirectoryName(path) ?? "/", 0);
        if (folder >= 0)
        {
            _ = SyncFile(folder);
            _ = CloseFile(folder);
        }
    }

    // .NET opens neither folders nor pipes without waiting. Flags are 0 (read only) or O_NONBLOCK: no third argument is needed.
    [LibraryImport("libc", EntryPoint = "open", StringMarshalling = StringMarshalling.Utf8)]
    private static partial int OpenFile(string path, int flags);

    [LibraryImport("libc", EntryPoint = "fsync")]
    private static partial int SyncFile(int file);

    [LibraryImport("libc", EntryPoint = "close")]
    private static partial int CloseFile(int file);
}
