using System.Runtime.CompilerServices;

namespace ChunkSync.Tool.Tests;

/// <summary>A store in memory that can be stopped before a put, or before any call.</summary>
internal sealed class MemoryStore : IChunkStore
{
    private readonly MemoryStore shared;
    private readonly string prefix;

    public MemoryStore() => (shared, prefix) = (this, "");

    private MemoryStore(MemoryStore shared, string prefix) => (this.shared, this.prefix) = (shared, prefix);

    /// <summary>The objects; locked while a call uses it.</summary>
    public SortedDictionary<string, byte[]> Objects { get; } = new(StringComparer.Ordinal);

    /// <summary>The puts after which the next one is stopped; negative for never.</summary>
    public int PutsLeft { get; set; } = -1;

    /// <summary>The calls after which the next one is stopped; negative for never.</summary>
    public int CallsLeft { get; set; } = -1;

    /// <summary>Called before every read, with the number of reads before it; null for nobody.</summary>
    public Action<int>? BeforeRead { get; set; }

    /// <summary>The reads so far.</summary>
    public int Reads { get; private set; }

    /// <summary>The puts so far.</summary>
    public int Puts { get; private set; }

    public string Address => prefix.Length == 0 ? "memory" : "memory/" + prefix.TrimEnd('/');

    public IChunkStore Folder(string name) => new MemoryStore(shared, prefix + name + "/");

    public Task PutAsync(string name, ReadOnlyMemory<byte> content, CancellationToken cancellation)
    {
        StoreNames.Check(name);
        lock (shared.Objects)
        {
            shared.Count();
            if (shared.PutsLeft-- == 0)
            {
                throw new OperationCanceledException("stopped before a put");
            }

            shared.Puts++;
            shared.Objects[prefix + name] = content.ToArray();
            return Task.CompletedTask;
        }
    }

    public Task<byte[]?> ReadAsync(string name, long offset, int length, CancellationToken cancellation)
    {
        shared.BeforeRead?.Invoke(shared.Reads++);
        lock (shared.Objects)
        {
            shared.Count();
            return Task.FromResult(shared.Objects.TryGetValue(prefix + name, out byte[]? bytes) ? bytes[(int)offset..(int)Math.Min(bytes.Length, offset + length)] : null);
        }
    }

    public Task DeleteAsync(string name, CancellationToken cancellation)
    {
        lock (shared.Objects)
        {
            shared.Count();
            shared.Objects.Remove(prefix + name);
            return Task.CompletedTask;
        }
    }

    public async IAsyncEnumerable<string> ListAsync(string folder, [EnumeratorCancellation] CancellationToken cancellation)
    {
        await Task.CompletedTask;
        string start = folder.Length == 0 ? prefix : $"{prefix}{folder}/";
        string[] names;
        lock (shared.Objects)
        {
            shared.Count();
            names = [.. shared.Objects.Keys.Where(key => key.StartsWith(start, StringComparison.Ordinal)).Select(key => key[start.Length..])
                .Select(key => key.Contains('/', StringComparison.Ordinal) ? key[..(key.IndexOf('/', StringComparison.Ordinal) + 1)] : key).Distinct()];
        }

        foreach (string name in names)
        {
            yield return name;
        }
    }

    public void Dispose()
    {
    }

    private void Count()
    {
        if (CallsLeft-- == 0)
        {
            throw new OperationCanceledException("stopped before a call");
        }
    }
}
