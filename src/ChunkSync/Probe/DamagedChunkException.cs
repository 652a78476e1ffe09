namespace ChunkSync.Probe;

/// <summary>A stored payload, or its index, cannot be used. The message is the end of the user's: what stands before it, the function's
/// name and the chunk, is added where those are known.</summary>
internal sealed class DamagedChunkException(string message) : Exception(message);
