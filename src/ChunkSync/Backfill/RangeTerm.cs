namespace ChunkSync.Backfill;

/// <summary>One condition on one key column.</summary>
/// <param name="Column">The column's place in the key, from 0: also the place of the value in its cut.</param>
/// <param name="Test">The comparison.</param>
/// <param name="OfUpper">Whether the value is the upper cut's; otherwise the lower one's.</param>
internal readonly record struct RangeTerm(int Column, RangeTest Test, bool OfUpper);
