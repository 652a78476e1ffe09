using ChunkSync.Sqlite;

namespace ChunkSync.Backfill;

/// <summary>Estimated quantiles: rows at spread rowids, sorted by SQLite, of which every so manieth is a boundary. No walk.</summary>
internal sealed class SampleStrategy : ChunkStrategy
{
    private const long Probes = 1024;
    private const long PerChunk = 64;

    /// <summary>One probe in so many has to hit a row: below, rowids have too many gaps.</summary>
    private const long LeastDensity = 8;

    /// <summary>How many times the sample the table must have.</summary>
    private const long LeastTable = 4;

    private readonly KeySearch search;
    private readonly ProbeWalk walk;
    private readonly EvenSchedule schedule;
    private readonly long probes;
    private readonly long bytes;
    private readonly long sampled;
    private Statement? hits;
    private long hit;

    private SampleStrategy(KeySearch search, ProbeWalk walk, EvenSchedule schedule, long bytes, long probes, long sampled)
    {
        this.search = search;
        this.walk = walk;
        this.schedule = schedule;
        this.probes = probes;
        this.bytes = bytes;
        this.sampled = sampled;
    }

    /// <inheritdoc/>
    public override bool IsExact => false;

    /// <inheritdoc/>
    public override EvenSchedule Schedule => schedule;

    /// <summary>Samples the table; null when it has too few rows or its rowids too many gaps: an exact walk is the better plan then.</summary>
    public static SampleStrategy? TryOpen(KeySearch search, ProbeWalk walk, PlanInputs inputs)
    {
        if (!walk.FindEnds())
        {
            return null;
        }

        (long found, long weight) = walk.Count(Probes);
        if (found * LeastDensity < Probes)
        {
            return null;
        }

        long rows = walk.Sample.Estimate(found, Probes);
        long pieces = Pieces(inputs, rows, (Int128)weight * rows / found);
        Int128 wanted = Int128.Max(Probes, (Int128)pieces * PerChunk);
        if (wanted * LeastTable >= rows)
        {
            return null;
        }

        long probes = (long)(((wanted * Probes) + found - 1) / found);
        (long sampled, long weighed) = walk.Count(probes);
        if (sampled < pieces)
        {
            return null;
        }

        long bytes = (long)Int128.Min((Int128)weighed * rows / sampled, long.MaxValue);
        return new(search, walk, new(rows, pieces), bytes, probes, sampled);
    }

    /// <inheritdoc/>
    public override BackfillChunk Next(Cut? lower)
    {
        hits ??= walk.Open(probes);
        long next = NextBoundary();
        while (next < sampled && walk.Step(hits))
        {
            if (hit++ != next)
            {
                continue;
            }

            using KeyTuple row = KeyTuple.Of(hits, search.Columns.Count);
            Cut cut = search.Shortest(row, lower);
            if (search.IsBehind(cut, lower))
            {
                using KeyTuple? inside = search.First(lower, cut);
                if (inside != null)
                {
                    return Chunk(cut, "sample");
                }
            }

            cut.Dispose();
            next = NextBoundary();
        }

        return Chunk(null, BackfillChunk.Open);
    }

    public override void Dispose()
    {
        hits?.Reset();
        hits = null;
        base.Dispose();
    }

    private static long Pieces(PlanInputs inputs, long rows, Int128 bytes)
    {
        if (inputs.Chunks != null)
        {
            return Math.Min(inputs.Chunks.Value, rows);
        }

        Int128 byRows = inputs.TargetRows == null ? 1 : ((Int128)rows + inputs.TargetRows.Value - 1) / inputs.TargetRows.Value;
        Int128 byBytes = inputs.TargetBytes == null ? 1 : (bytes + inputs.TargetBytes.Value - 1) / inputs.TargetBytes.Value;
        return (long)Int128.Clamp(Int128.Max(byRows, byBytes), 1, rows);
    }

    /// <summary>The number of the first hit from here on that is a boundary: ⌊i·S/K⌋.</summary>
    private long NextBoundary()
    {
        EvenSchedule boundaries = new(sampled, schedule.Pieces);
        return boundaries.Next(Math.Max(hit - 1, 0));
    }

    private BackfillChunk Chunk(Cut? cut, string strategy) => new(cut, schedule.Total / schedule.Pieces, bytes / schedule.Pieces, strategy);
}
