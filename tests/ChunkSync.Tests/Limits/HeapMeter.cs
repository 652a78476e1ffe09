using ChunkSync.Tests.Host;

namespace ChunkSync.Tests.Limits;

/// <summary>SQLite's own account of its heap, from a moment when the connection is idle.</summary>
internal readonly struct HeapMeter
{
    /// <summary>SQLite's default page cache, and what it keeps beside the pages.</summary>
    public const long PageCache = 2_048_000 + (256 << 10);

    private readonly long idle;

    private HeapMeter(long idle) => this.idle = idle;

    /// <summary>Starts the account; the high-water mark begins anew.</summary>
    public static HeapMeter Start()
    {
        _ = NativeSqlite.MemoryHighWater(1);
        return new HeapMeter(NativeSqlite.MemoryUsed());
    }

    /// <summary>The most that was used at once since then, above what was used then.</summary>
    public long Peak => NativeSqlite.MemoryHighWater(0) - idle;

    /// <summary>Runs something while SQLite refuses to take more than so many bytes above what it has.</summary>
    public static void RunWithin(long bytes, Action body)
    {
        _ = NativeSqlite.HardHeapLimit(NativeSqlite.MemoryUsed() + bytes);
        try
        {
            body();
        }
        finally
        {
            _ = NativeSqlite.HardHeapLimit(0);
        }
    }
}
