namespace ChunkSync.Client;

/// <summary>What a receive did.</summary>
/// <param name="Changes">The changes in the payload; 0 for a part of a long value that is not complete yet.</param>
/// <param name="Waiting">The rows of this database that have changes which could not be merged yet; <c>cloudsync_waiting</c> says why.</param>
/// <param name="Applied">The rows that changed; null unless they were asked for.</param>
public readonly record struct ReceiveResult(long Changes, long Waiting, IReadOnlyList<AppliedRow>? Applied);
