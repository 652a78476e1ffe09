namespace ChunkSync.Client;

/// <summary>Which part of a value, that is longer than a chunk, a chunk has.</summary>
/// <param name="Part">Which part, from 1.</param>
/// <param name="Parts">How many parts there are.</param>
public readonly record struct ChunkFragment(long Part, long Parts);
