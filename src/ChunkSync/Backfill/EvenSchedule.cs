namespace ChunkSync.Backfill;

/// <summary>Chunks of N things in K pieces that differ by at most one: boundary i lies before number ⌊i·N/K⌋.</summary>
/// <param name="Total">N.</param>
/// <param name="Pieces">K; 0 for no schedule.</param>
internal readonly record struct EvenSchedule(long Total, long Pieces)
{
    /// <summary>The schedule of a number of rows, at most <paramref name="cap"/> in a chunk.</summary>
    public static EvenSchedule OfCap(long total, long cap) => new(total, total == 0 ? 0 : ((total - 1) / cap) + 1);

    /// <summary>The schedule of a number of chunks, none of them empty.</summary>
    public static EvenSchedule OfChunks(long total, long chunks) => new(total, Math.Min(total, chunks));

    /// <summary>The first boundary behind <paramref name="done"/>; the largest number when there is none.</summary>
    public long Next(long done)
    {
        if (Pieces <= 0 || done >= Total)
        {
            return long.MaxValue;
        }

        // The smallest i with ⌊i·N/K⌋ > done, that is i·N ≥ (done + 1)·K.
        UInt128 i = ((((UInt128)(ulong)done + 1) * (ulong)Pieces) + (ulong)Total - 1) / (ulong)Total;
        return i >= (ulong)Pieces ? long.MaxValue : (long)(i * (ulong)Total / (ulong)Pieces);
    }
}
