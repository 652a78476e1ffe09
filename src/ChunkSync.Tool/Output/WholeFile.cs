namespace ChunkSync.Tool;

/// <summary>Files that appear whole or not at all.</summary>
internal static class WholeFile
{
    /// <summary>What every database begins with.</summary>
    private static ReadOnlySpan<byte> DatabaseMark => "SQLite format 3\0"u8;

    /// <summary>Writes one. A file that is there is replaced, but no database: two arguments are easily exchanged.</summary>
    /// <exception cref="ToolException">It cannot be written, or is a database.</exception>
    public static async Task WriteAsync(string path, byte[] bytes, CancellationToken cancellation)
    {
        try
        {
            if (NamedPipe.Is(path))
            {
                await using FileStream pipe = await NamedPipe.OpenAsync(() => Device(path), cancellation);
                await pipe.WriteAsync(bytes, cancellation).AsTask().WaitAsync(cancellation);
                return;
            }

            string target = new FileInfo(path) is { LinkTarget: not null } link ? link.ResolveLinkTarget(returnFinalTarget: true)!.FullName : Path.GetFullPath(path);
            if (IsDevice(target))
            {
                await using FileStream device = Device(target);
                await device.WriteAsync(bytes, cancellation);
                return;
            }

            if (Directory.Exists(target))
            {
                throw new ToolException(ExitCode.InputOutput, path, "it is a folder", "give the path of a file in it");
            }

            if (IsDatabase(target))
            {
                throw new ToolException(ExitCode.InputOutput, path, "it is a database, which is not overwritten", "give the path of another file");
            }

            string part = Path.Combine(Path.GetDirectoryName(target)!, $".{Path.GetFileName(target)}.part");
            try
            {
                await File.WriteAllBytesAsync(part, bytes, cancellation);
                File.Move(part, target, overwrite: true);
            }
            catch
            {
                File.Delete(part);
                throw;
            }
        }
        catch (Exception failure) when (FileFailure.Is(failure) || failure is ArgumentException)
        {
            throw FileFailure.Of(path, failure);
        }
    }

    /// <summary>Whether a path is no place for a file: terminals, pipes and the like are written as they are, never replaced.</summary>
    private static bool IsDevice(string path) => !OperatingSystem.IsWindows()
        && (path.StartsWith("/dev/", StringComparison.Ordinal) || path.StartsWith("/proc/", StringComparison.Ordinal)) && File.Exists(path);

    private static FileStream Device(string path) => new(path, FileMode.Open, FileAccess.Write, FileShare.ReadWrite, bufferSize: 0);

    private static bool IsDatabase(string path)
    {
        if (!File.Exists(path))
        {
            return false;
        }

        using FileStream file = new(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete, bufferSize: 0);
        Span<byte> begin = stackalloc byte[DatabaseMark.Length];
        return file.ReadAtLeast(begin, begin.Length, throwOnEndOfStream: false) == begin.Length && begin.SequenceEqual(DatabaseMark);
    }
}
