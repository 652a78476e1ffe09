using ChunkSync.Client;

namespace ChunkSync.Tool;

/// <summary>A chunk of one scan.</summary>
/// <param name="Hash">The SHA-256 of its payload.</param>
/// <param name="Next">Where the next one begins.</param>
/// <param name="Rows">Its changes.</param>
internal sealed record ScannedChunk(byte[] Hash, ChunkCursor Next, IReadOnlyList<ScannedRow> Rows);
