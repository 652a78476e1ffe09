using ChunkSync.Client;

namespace ChunkSync.Tool;

/// <summary>What is missing of a sender's stream.</summary>
/// <param name="From">Where it begins.</param>
/// <param name="To">Where it ends.</param>
internal sealed record GapStatus(ChunkCursor From, ChunkCursor To);
