namespace ChunkSync.Tool;

/// <summary>What was written of what the first database has and the second one lacks.</summary>
/// <param name="File">The file.</param>
/// <param name="Changes">The changes in it.</param>
/// <param name="Bytes">Its length.</param>
internal sealed record DiffPayload(string File, long Changes, long Bytes);
