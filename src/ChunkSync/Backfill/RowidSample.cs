namespace ChunkSync.Backfill;

/// <summary>Places spread evenly over a span of rowids, the same ones every time: multiples of the golden ratio.</summary>
/// <param name="min">The smallest rowid.</param>
/// <param name="max">The largest.</param>
internal readonly struct RowidSample(long min, long max)
{
    /// <summary>2^64 divided by the golden ratio.</summary>
    private const ulong Golden = 0x9E3779B97F4A7C15;

    private readonly ulong last = (ulong)max - (ulong)min;

    /// <summary>The number of rowids between the two, both included.</summary>
    public UInt128 Span => (UInt128)last + 1;

    /// <summary>Probe number <paramref name="index"/>: min + ⌊span · frac(i·φ)⌋.</summary>
    public long this[long index] => (long)((ulong)min + (ulong)((Span * ((ulong)index * Golden)) >> 64));

    /// <summary>The number of rows, if so many of the probes hit one.</summary>
    public long Estimate(long hits, long probes)
    {
        UInt128 rows = Span / (ulong)probes * (ulong)hits;
        rows += Span % (ulong)probes * (ulong)hits / (ulong)probes;
        return rows > long.MaxValue ? long.MaxValue : (long)rows;
    }
}
