namespace ChunkSync.Waiting;

/// <summary>What is known of a row that was refused.</summary>
/// <param name="Why">Why it waits.</param>
/// <param name="HaveAllWon">Whether all of its changes would win against what is here.</param>
/// <param name="Written">What was written before, by <see cref="RowTrial.Written"/>.</param>
internal readonly record struct Refusal(WaitingReason Why, bool HaveAllWon, int Written);
