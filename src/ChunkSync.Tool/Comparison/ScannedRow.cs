using ChunkSync.Client;

namespace ChunkSync.Tool;

/// <summary>A change of one scan.</summary>
/// <param name="Position">Where it lies.</param>
/// <param name="Hash">The SHA-256 of its bytes.</param>
internal readonly record struct ScannedRow(ChunkCursor Position, byte[] Hash);
