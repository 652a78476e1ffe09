namespace ChunkSync.Client.Tests.Host;

/// <summary>Lists as asynchronous sequences.</summary>
internal static class Async
{
    public static async IAsyncEnumerable<ReadOnlyMemory<byte>> Sequence(IEnumerable<byte[]> payloads)
    {
        foreach (byte[] payload in payloads)
        {
            await Task.Yield();
            yield return payload;
        }
    }

    /// <summary>A sequence that never waits: who reads it stays on the thread.</summary>
    public static async IAsyncEnumerable<ReadOnlyMemory<byte>> AtOnce(IEnumerable<byte[]> payloads)
    {
        await Task.CompletedTask;
        foreach (byte[] payload in payloads)
        {
            yield return payload;
        }
    }

    public static async Task<List<T>> ToListAsync<T>(this IAsyncEnumerable<T> sequence)
    {
        List<T> all = [];
        await foreach (T item in sequence)
        {
            all.Add(item);
        }

        return all;
    }

    /// <summary>The payloads of chunks, each in an array of its own.</summary>
    public static async Task<List<byte[]>> ToArraysAsync(this IAsyncEnumerable<Chunk> chunks)
    {
        List<byte[]> all = [];
        await foreach (Chunk chunk in chunks)
        {
            all.Add(chunk.Payload.ToArray());
        }

        return all;
    }
}
