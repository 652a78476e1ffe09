using System.Runtime.InteropServices;

namespace ChunkSync.Tool;

/// <summary>What is beside a database file, and who may use it. Asked before SQLite has the file open: closing a file ends the locks that the process has on it.</summary>
internal static partial class FileFindings
{
    /// <summary>A rollback journal of a transaction that did not end.</summary>
    public const string Journal = "F01";

    /// <summary>That the user may not write.</summary>
    public const string Rights = "F03";

    private const int CanWrite = 2;
    /// <summary>Where the header of a database says how it is written.</summary>
    private const int WriteVersion = 18;

    private const string Warning = "warning";
    private const string Info = "info";

    /// <summary>What a rollback journal begins with as long as it counts.</summary>
    private static ReadOnlySpan<byte> JournalMagic => [0xd9, 0xd5, 0x05, 0xf9, 0x20, 0xa1, 0x63, 0xd7];

    /// <summary>Looks at a file that may not be there.</summary>
    public static List<DoctorFinding> Read(string path)
    {
        List<DoctorFinding> found = [];
        if (!File.Exists(path) || NamedPipe.Is(path))
        {
            return found;
        }

        if (IsHotJournal(path + "-journal"))
        {
            found.Add(new DoctorFinding(Journal, Warning, null, path + "-journal", 1, "a rollback journal lies beside the file: somebody writes at this moment,"
                + " or was stopped in the middle; the next program that opens the file for writing puts it in order. Never delete the journal, and copy both", null));
        }

        FileInfo log = new(path + "-wal");
        if (log is { Exists: true, Length: > 0 })
        {
            found.Add(new DoctorFinding("F02", Info, null, log.FullName, 1, $"a write-ahead log of {TextOutput.Count(log.Length, "byte")} lies beside the file:"
                + " it belongs to the database; copy both, or end it first", "PRAGMA wal_checkpoint(TRUNCATE)"));
        }

        string folder = Path.GetDirectoryName(Path.GetFullPath(path)) ?? path;
        if (!MayWrite(path) || !MayWrite(folder))
        {
            bool hasShared = File.Exists(path + "-shm");
            found.Add(new DoctorFinding(Rights, Warning, null, MayWrite(path) ? folder : path, 1,
                $"this user cannot write {(MayWrite(path) ? "the folder of the file, where SQLite puts its journal" : "the file")}: nothing can be applied here"
                + (!hasShared && !MayWrite(folder) && IsWriteAhead(path) ? ", nor read: the database is in WAL mode, for which SQLite puts a file beside it; copy it, and its -wal, to a folder of yours" : ""), null));
        }

        return found;
    }

    private static bool IsHotJournal(string path)
    {
        Span<byte> begin = stackalloc byte[JournalMagic.Length];
        return TryReadBegin(path, begin) && begin.SequenceEqual(JournalMagic);
    }

    /// <summary>Whether the header of a database says that it has, or had, a write-ahead log.</summary>
    private static bool IsWriteAhead(string path)
    {
        Span<byte> begin = stackalloc byte[WriteVersion + 1];
        return TryReadBegin(path, begin) && begin[WriteVersion] == 2;
    }

    private static bool TryReadBegin(string path, Span<byte> begin)
    {
        try
        {
            using FileStream file = new(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
            return file.ReadAtLeast(begin, begin.Length, throwOnEndOfStream: false) == begin.Length;
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            return false;
        }
    }

    private static bool MayWrite(string path) => OperatingSystem.IsWindows()
        ? (File.GetAttributes(path) & (FileAttributes.ReadOnly | FileAttributes.Directory)) != FileAttributes.ReadOnly
        : Access(path, CanWrite) == 0;

    [LibraryImport("libc", EntryPoint = "access", StringMarshalling = StringMarshalling.Utf8)]
    private static partial int Access(string path, int mode);
}
