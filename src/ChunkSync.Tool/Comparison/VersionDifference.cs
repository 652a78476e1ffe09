namespace ChunkSync.Tool;

/// <summary>A column whose versions differ.</summary>
/// <param name="Column">The column.</param>
/// <param name="A">Its version in the first database; 0 where it has none.</param>
/// <param name="B">Its version in the second one.</param>
internal sealed record VersionDifference(string Column, long A, long B);
