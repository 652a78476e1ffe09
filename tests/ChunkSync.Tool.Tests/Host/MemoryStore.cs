using System.Runtime.CompilerServices;

namespace ChunkSync.Tool.Tests;

/// <summary>A store in memory that can be stopped before a put.</summary>
internal sealed class MemoryStore : IChunkStore
{
    public SortedDictionary<string, byte[]> Objects { get; } = new(StringComparer.Ordinal);

    /// <summary>The puts after which the next one is stopped; negative for never.</summary>
    public int PutsLeft { get; set; } = -1;

    /// <summary>The puts so far.</summary>
    public int Puts { get; private set; }

    public string Address => "memory";

    public IChunkStore Folder(string name) => throw new NotSupportedException();

    public Task PutAsync(string name, ReadOnlyMemory<byte> content, CancellationToken cancellation)
    {
        StoreNames.Check(name);
        if (PutsLeft-- == 0)
        {
            throw new OperationCanceledException("stopped before a put");
        }

        Puts++;
        Objects[name] = content.ToArray();
        return Task.CompletedTask;
    }

    public Task<byte[]?> ReadAsync(string name, long offset, int length, CancellationToken cancellation) =>
        Task.FromResult(Objects.TryGetValue(name, out byte[]? bytes) ? bytes[(int)offset..(int)Math.Min(bytes.Length, offset + length)] : null);

    public Task DeleteAsync(string name, CancellationToken cancellation)
    {
        Objects.Remove(name);
        return Task.CompletedTask;
    }

    public async IAsyncEnumerable<string> ListAsync(string folder, [EnumeratorCancellation] CancellationToken cancellation)
    {
        await Task.CompletedTask;
        foreach (string name in Objects.Keys)
        {
            yield return name;
        }
    }

    public void Dispose()
    {
    }
}
