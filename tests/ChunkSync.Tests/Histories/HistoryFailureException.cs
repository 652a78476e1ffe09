namespace ChunkSync.Tests.Histories;

/// <summary>A history ends otherwise than it must.</summary>
internal sealed class HistoryFailureException(string message) : Exception(message);
