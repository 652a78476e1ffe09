using ChunkSync.Catalog;
using ChunkSync.Keys;

namespace ChunkSync.Clock;

/// <summary>Rows that are older than the tracking of their table and have no clocks yet, because they are captured a few at a time. Where
/// something happens to such a row it is captured first, as it would have been in one go: its columns have version 1 then, and what
/// happens counts from there. Each call looks whether the row is one of them, and does nothing for others.</summary>
internal interface IPendingRows
{
    /// <summary>A row that was there under exactly this key, inside the table's filter, was updated, or is about to be.</summary>
    void Capture(TrackedTable table, KeyBuffer key);

    /// <summary>Something is about to happen to the row that SQLite finds under a key: an untrusted blob. The row is looked up,
    /// and where it is outside the table's filter nothing happens.</summary>
    void CaptureStored(TrackedTable table, ReadOnlySpan<byte> key);

    /// <summary>A row was written under a key, and whether it replaced one that was pending is not known: it counts as if it had.</summary>
    void CaptureReplaced(TrackedTable table, KeyBuffer key);

    /// <summary>The table of that name is not tracked any more.</summary>
    void Forget(string table);
}
