namespace ChunkSync.Samples.MainJob;

/// <summary>A part of a replica's stream on its way.</summary>
/// <param name="Sender">Whose stream it is.</param>
/// <param name="Payload">The changes, or null where the stream has none.</param>
/// <param name="From">Where it begins.</param>
/// <param name="Next">Where it ends.</param>
/// <param name="IsFinal">Whether its window ends with it.</param>
internal sealed record Chunk(Replica Sender, byte[]? Payload, Position From, Position Next, bool IsFinal);
