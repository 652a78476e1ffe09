using System.Runtime.CompilerServices;

namespace ChunkSync.Tool;

/// <summary>A chunk store in a folder. An object is written under a temporary name, flushed, renamed, and the folder flushed.</summary>
/// <remarks>A writer keeps its temporary file open, and by that locked, until it is renamed. One that can be locked belongs to nobody any more: a killed run left it, and the
/// next one that writes into the folder removes it.</remarks>
internal sealed class FolderStore : IChunkStore
{
    private const string TemporarySuffix = ".tmp";
    private const int Attempts = 3;

    private readonly string top;
    private readonly HashSet<string> prepared = [];

    /// <summary>Takes a folder.</summary>
    /// <param name="path">Its path. The last segment is made by the first put; those before it must be there.</param>
    public FolderStore(string path)
        : this(Path.TrimEndingDirectorySeparator(path), path)
    {
    }

    private FolderStore(string top, string address)
    {
        this.top = top;
        Address = address;
    }

    /// <inheritdoc/>
    public string Address { get; }

    /// <inheritdoc/>
    public IChunkStore Folder(string name)
    {
        StoreNames.Check(name);
        return new FolderStore(Path.Combine(top, name), Path.Combine(Address, name));
    }

    /// <inheritdoc/>
    public async Task PutAsync(string name, ReadOnlyMemory<byte> content, CancellationToken cancellation)
    {
        string path = PathOf(name);
        string folder = Path.GetDirectoryName(path)!;
        try
        {
            Prepare(folder);

            for (int attempt = 1; !await TryPutAsync(path, content, attempt < Attempts, cancellation); attempt++)
            {
            }

            DurableFolder.Sync(folder);
        }
        catch (Exception failure) when (FileFailure.Is(failure))
        {
            throw FileFailure.Of(path, failure);
        }
    }

    /// <inheritdoc/>
    public async Task<byte[]?> ReadAsync(string name, long offset, int length, CancellationToken cancellation)
    {
        string path = PathOf(name);
        try
        {
            await using FileStream file = new(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete, bufferSize: 0);
            byte[] bytes = new byte[Math.Clamp(file.Length - offset, 0, length)];
            file.Position = offset;
            int read = await file.ReadAtLeastAsync(bytes, bytes.Length, throwOnEndOfStream: false, cancellation);
            return read == bytes.Length ? bytes : bytes[..read];
        }
        catch (FileNotFoundException)
        {
            return null;
        }
        catch (DirectoryNotFoundException)
        {
            return null;
        }
        catch (Exception failure) when (FileFailure.Is(failure))
        {
            throw FileFailure.Of(path, failure);
        }
    }

    /// <inheritdoc/>
    public Task DeleteAsync(string name, CancellationToken cancellation)
    {
        string path = PathOf(name);
        try
        {
            File.Delete(path);
            DurableFolder.Sync(Path.GetDirectoryName(path)!);
        }
        catch (DirectoryNotFoundException)
        {
            // Then it is not there.
        }
        catch (Exception failure) when (FileFailure.Is(failure))
        {
            throw FileFailure.Of(path, failure);
        }

        return Task.CompletedTask;
    }

    /// <inheritdoc/>
    public async IAsyncEnumerable<string> ListAsync(string folder, [EnumeratorCancellation] CancellationToken cancellation)
    {
        await Task.CompletedTask;
        foreach (FileSystemInfo entry in Entries(folder.Length == 0 ? top : PathOf(folder)))
        {
            cancellation.ThrowIfCancellationRequested();
            yield return entry is DirectoryInfo ? entry.Name + "/" : entry.Name;
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
    }

    private static List<FileSystemInfo> Entries(string path)
    {
        try
        {
            return [.. new DirectoryInfo(path).EnumerateFileSystemInfos().Where(entry => entry.Name[0] != '.')];
        }
        catch (DirectoryNotFoundException)
        {
            return [];
        }
        catch (Exception failure) when (FileFailure.Is(failure))
        {
            throw FileFailure.Of(path, failure);
        }
    }

    /// <summary>Writes a file; false where somebody took the temporary one for one that nobody needs, in the instant before it was locked.</summary>
    private static async Task<bool> TryPutAsync(string path, ReadOnlyMemory<byte> content, bool canRepeat, CancellationToken cancellation)
    {
        string temporary = Path.Combine(Path.GetDirectoryName(path)!, "." + Path.GetRandomFileName() + TemporarySuffix);
        try
        {
            await using FileStream file = new(temporary, FileMode.CreateNew, FileAccess.Write, FileShare.Delete, bufferSize: 0);
            await file.WriteAsync(content, cancellation);
            file.Flush(flushToDisk: true);
            File.Move(temporary, path, overwrite: true);
            return true;
        }
        catch (FileNotFoundException) when (canRepeat)
        {
            return false;
        }
        catch
        {
            TryRemove(temporary);
            throw;
        }
    }

    /// <summary>Removes what killed runs left in a folder.</summary>
    private static void Sweep(string folder)
    {
        foreach (string temporary in Directory.EnumerateFiles(folder, ".*" + TemporarySuffix))
        {
            try
            {
                using FileStream mine = new(temporary, FileMode.Open, FileAccess.Write, FileShare.None, bufferSize: 0);
                File.Delete(temporary);
            }
            catch (Exception failure) when (FileFailure.Is(failure))
            {
                // Somebody is writing it, or has just renamed it.
            }
        }
    }

    private static void TryRemove(string path)
    {
        try
        {
            File.Delete(path);
        }
        catch (Exception failure) when (FileFailure.Is(failure))
        {
            // The next run removes it.
        }
    }

    /// <summary>Makes a folder before the first put into it. One that goes later is not made again: what was put into it went, too.</summary>
    private void Prepare(string folder)
    {
        if (prepared.Count == 0)
        {
            DurableFolder.Create(top);
        }

        if (prepared.Add(folder))
        {
            DurableFolder.Create(folder);
            Sweep(folder);
        }
    }

    private string PathOf(string name)
    {
        StoreNames.Check(name);
        return Path.Combine([top, .. name.Split('/')]);
    }
}
