namespace ChunkSync.Tool;

/// <summary>What differs of a row, with both sides.</summary>
/// <param name="ColName">The column; <c>cl</c> for the causal length.</param>
/// <param name="A">The value or version in the first database.</param>
/// <param name="B">The value or version in the second one.</param>
internal sealed record DifferenceColumn(string ColName, SqlValue A, SqlValue B);
