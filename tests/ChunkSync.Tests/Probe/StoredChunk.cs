namespace ChunkSync.Tests.Probe;

/// <summary>A stored chunk of a test: ordinal, payload, index.</summary>
internal sealed record StoredChunk(long Ordinal, byte[] Payload, byte[]? Index);
