using ChunkSync.Catalog;
using ChunkSync.Sqlite;

namespace ChunkSync.Capture;

/// <summary>Who hears of a user's own moves in tables that are trees.</summary>
internal interface ITreeLogs
{
    /// <summary>An operation was added to a log, and captured. A failure undoes the user's statement.</summary>
    /// <param name="carrier">The log.</param>
    /// <param name="values">Its five columns.</param>
    void Appended(TrackedTable carrier, ReadOnlySpan<Value> values);

    /// <summary>The triggers of a tree's table were gone, as after a rebuild: those that make operations are made again, and rows that were moved
    /// meanwhile go back with the next fold.</summary>
    void Restored(TrackedTable table);
}
