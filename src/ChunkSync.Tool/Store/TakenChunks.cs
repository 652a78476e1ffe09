namespace ChunkSync.Tool;

/// <summary>Chunks that were taken over, or checked.</summary>
/// <param name="Chunks">How many there were.</param>
/// <param name="Changes">The changes in them.</param>
/// <param name="Bytes">The bytes of their payloads.</param>
internal readonly record struct TakenChunks(long Chunks, long Changes, long Bytes);
