namespace ChunkSync.Tests.Host;

/// <summary>A database file of one test, deleted with its journal files.</summary>
public sealed class TempFile : IDisposable
{
    /// <summary>A new file name, or a copy of a file.</summary>
    public TempFile(string? copyOf = null)
    {
        Path = System.IO.Path.Combine(System.IO.Path.GetTempPath(), "chunksync-test-" + Guid.NewGuid().ToString("N") + ".db");
        if (copyOf != null)
        {
            File.Copy(copyOf, Path);
            File.SetAttributes(Path, FileAttributes.Normal);
        }
    }

    public string Path { get; }

    /// <summary>The file's bytes, also while a connection has it open: Windows lets a reader in that forbids nothing to others.</summary>
    public byte[] Read()
    {
        using FileStream file = new(Path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
        byte[] bytes = new byte[file.Length];
        file.ReadExactly(bytes);
        return bytes;
    }

    public void Dispose()
    {
        foreach (string suffix in (string[])["", "-journal", "-wal", "-shm"])
        {
            File.Delete(Path + suffix);
        }
    }
}
