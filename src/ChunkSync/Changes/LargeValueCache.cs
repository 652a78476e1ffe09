using ChunkSync.Session;
using ChunkSync.Sqlite;

namespace ChunkSync.Changes;

/// <summary>What a connection remembers of the one large value that a drain is inside of, so that paging through it costs one
/// pass in all: the checksum of its encoding, and a window of its bytes read ahead (finding an offset in a chain of overflow
/// pages costs the whole way to it). Both hold only while nothing was written.</summary>
internal sealed unsafe class LargeValueCache(SyncSession session) : IDisposable
{
    /// <summary>Bytes read ahead at once when a scan jumps into a large value.</summary>
    public const int WindowLength = 6 * 1024 * 1024;

    private string? table;
    private string? column;
    private long rowId;
    private long valueLength;
    private long dataVersion;
    private int totalChanges;
    private ulong checksum;
    private bool hasChecksum;
    private byte* window;
    private long windowStart;
    private int windowLength;

    /// <summary>Makes the cache be about the given value; anything else is forgotten.</summary>
    public void Select(string valueTable, string valueColumn, long valueRowId, long newLength)
    {
        long data = session.DataVersion;
        int changes = session.Connection.TotalChanges;
        if (table == valueTable && column == valueColumn && rowId == valueRowId && valueLength == newLength
            && dataVersion == data && totalChanges == changes)
        {
            return;
        }

        Forget();
        table = valueTable;
        column = valueColumn;
        rowId = valueRowId;
        valueLength = newLength;
        dataVersion = data;
        totalChanges = changes;
    }

    /// <summary>The checksum of the selected value, if it was stored.</summary>
    public bool TryChecksum(out ulong value)
    {
        value = checksum;
        return hasChecksum;
    }

    /// <summary>Stores the checksum of the selected value.</summary>
    public void StoreChecksum(ulong value)
    {
        checksum = value;
        hasChecksum = true;
    }

    /// <summary>Copies what the window has of the first bytes.</summary>
    /// <param name="offset">Offset in the selected value.</param>
    /// <param name="target">Where they go.</param>
    /// <param name="count">How many are wanted.</param>
    /// <returns>How many there were.</returns>
    public int Copy(long offset, byte* target, int count)
    {
        if (window == null || offset < windowStart || offset >= windowStart + windowLength)
        {
            return 0;
        }

        int there = (int)Math.Min(count, windowStart + windowLength - offset);
        Buffer.MemoryCopy(window + (offset - windowStart), target, count, there);
        return there;
    }

    /// <summary>Makes room for a window that starts at <paramref name="offset"/>; the caller fills it.</summary>
    /// <param name="offset">Offset in the selected value.</param>
    /// <param name="length">The window's length.</param>
    /// <returns>The window's memory.</returns>
    public byte* OpenWindow(long offset, out int length)
    {
        if (window == null)
        {
            window = Sqlite3.Allocate(WindowLength);
        }

        windowStart = offset;
        windowLength = (int)Math.Min(WindowLength, valueLength - offset);
        length = windowLength;
        return window;
    }

    /// <summary>Drops the window's contents: filling it failed.</summary>
    public void CloseWindow() => windowLength = 0;

    /// <summary>Drops everything, memory included.</summary>
    public void Forget()
    {
        Sqlite3.Free(window);
        window = null;
        windowLength = 0;
        hasChecksum = false;
        table = null;
    }

    public void Dispose() => Forget();
}
