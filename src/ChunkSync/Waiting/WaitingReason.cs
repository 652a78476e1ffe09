using ChunkSync.Merge;

namespace ChunkSync.Waiting;

/// <summary>Why a row waits, and which row has to move first.</summary>
/// <param name="Reason">The reason.</param>
/// <param name="Text">SQLite's message, or what is not here.</param>
/// <param name="NeedsTable">The table of the row that is in the way or missing; null where it is not known.</param>
/// <param name="NeedsKey">Its key; null where it is not known.</param>
internal readonly record struct WaitingReason(RefusalReason Reason, string Text, string? NeedsTable, byte[]? NeedsKey);
