namespace ChunkSync.Tool;

/// <summary>A line of progress as JSON, of work that is counted in rows.</summary>
/// <param name="DoneRows">The rows that are done.</param>
/// <param name="TotalRows">All of them; null where that is not known. Never less than what is done.</param>
internal sealed record RowProgressLine(long DoneRows, long? TotalRows);
