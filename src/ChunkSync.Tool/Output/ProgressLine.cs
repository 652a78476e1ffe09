namespace ChunkSync.Tool;

/// <summary>A line of progress as JSON.</summary>
/// <param name="DoneBytes">The bytes that are done.</param>
/// <param name="TotalBytes">All of them; null where that is not known yet. Never less than what is done.</param>
internal sealed record ProgressLine(long DoneBytes, long? TotalBytes);
