namespace ChunkSync.Frontier;

/// <summary>An operation that has come, or gone, since the last fold.</summary>
/// <param name="Operation">The operation.</param>
/// <param name="IsPresent">Whether it came; else somebody's deletion has retracted it.</param>
internal readonly record struct PendingOperation(TreeOperation Operation, bool IsPresent);
