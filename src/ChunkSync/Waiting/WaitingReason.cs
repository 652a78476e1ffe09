using System.Text;
using ChunkSync.Catalog;
using ChunkSync.Format;
using ChunkSync.Merge;

namespace ChunkSync.Waiting;

/// <summary>Why a row waits, and which row has to move first.</summary>
/// <param name="Reason">The reason.</param>
/// <param name="Text">SQLite's message, or what is not here.</param>
/// <param name="NeedsTable">The table of the row that is in the way or missing; null where it is not known.</param>
/// <param name="NeedsKey">Its key; null where it is not known.</param>
internal readonly record struct WaitingReason(RefusalReason Reason, string Text, string? NeedsTable, byte[]? NeedsKey)
{
    /// <summary>Of a change whose table or column is not here.</summary>
    /// <param name="reason">Which of both.</param>
    /// <param name="table">The table; null where it is not tracked.</param>
    /// <param name="change">The change.</param>
    public static WaitingReason OfUnknown(RefusalReason reason, TrackedTable? table, in ChangeRow change) => new(reason, table == null
        ? $"table {Encoding.UTF8.GetString(change.TableName)} is not tracked here"
        : $"table {table.Name} has no column '{Encoding.UTF8.GetString(change.ColumnName)}' here", null, null);
}
