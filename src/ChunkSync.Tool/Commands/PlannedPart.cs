namespace ChunkSync.Tool;

/// <summary>Which part of a long value a chunk is.</summary>
/// <param name="ColName">The value's column.</param>
/// <param name="Part">Which one, from 1.</param>
/// <param name="Parts">Of how many.</param>
internal sealed record PlannedPart(string? ColName, long Part, long Parts);
