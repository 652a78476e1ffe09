namespace ChunkSync.Waiting;

/// <summary>What is stored of a row that has changes waiting.</summary>
/// <param name="Origin">Who sent the change that came last.</param>
/// <param name="Changes">The number of changes.</param>
/// <param name="Bytes">Their encoded size.</param>
/// <param name="LatestLife">The highest causal length among them.</param>
internal readonly record struct WaitingRow(byte[] Origin, long Changes, long Bytes, long LatestLife);
