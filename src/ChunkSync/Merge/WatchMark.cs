namespace ChunkSync.Merge;

/// <summary>How much an <see cref="IMergeWatch"/> had heard at some time.</summary>
/// <param name="Length">What of the rows.</param>
/// <param name="Writes">How many writes of rows.</param>
/// <param name="Own">How many changes of the own site.</param>
/// <param name="News">How many of a range that was booked.</param>
/// <param name="Converted">How many values that were stored as others.</param>
internal readonly record struct WatchMark(long Length, long Writes, long Own, long News, long Converted);
