namespace ChunkSync.Tool;

/// <summary>A value that differs.</summary>
/// <param name="Column">Its column.</param>
/// <param name="A">The value in the first database.</param>
/// <param name="B">The value in the second one.</param>
internal sealed record CellDifference(string Column, SqlValue A, SqlValue B);
