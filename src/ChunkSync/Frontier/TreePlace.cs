namespace ChunkSync.Frontier;

/// <summary>Where a node is.</summary>
/// <param name="Parent">The node above it; <see cref="TreeLimits.Root"/> where there is none.</param>
/// <param name="Position">Where among its siblings.</param>
internal readonly record struct TreePlace(long Parent, TreePosition Position);
