namespace ChunkSync.Client;

/// <summary>A chunk as a send would cut it.</summary>
/// <param name="Index">Which one, from 0.</param>
/// <param name="Rows">The number of changes.</param>
/// <param name="DbVersionMin">The version of its first change.</param>
/// <param name="DbVersionMax">The version of its last change.</param>
/// <param name="From">Where it begins.</param>
/// <param name="Next">Where the next one begins.</param>
/// <param name="Bytes">Its bytes before compression.</param>
/// <param name="IsFinal">Whether it is the last one.</param>
/// <param name="Fragment">Which of the chunks that a single position fills it is; null where it shares its chunk, or begins inside of the position.</param>
public sealed record PlannedChunk(
    long Index, long Rows, long DbVersionMin, long DbVersionMax, ChunkCursor From, ChunkCursor Next, long Bytes, bool IsFinal, ChunkFragment? Fragment);
