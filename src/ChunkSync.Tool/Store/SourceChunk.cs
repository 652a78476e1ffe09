using ChunkSync.Client;

namespace ChunkSync.Tool;

/// <summary>A chunk that was read from somewhere.</summary>
/// <param name="Name">Where it was, for messages.</param>
/// <param name="Payload">Its payload; empty where the sender found nothing.</param>
/// <param name="Envelope">Its place in the sender's stream; null where that is not known.</param>
internal readonly record struct SourceChunk(string Name, ReadOnlyMemory<byte> Payload, ChunkEnvelope? Envelope);
