using ChunkSync.Payload;
using ChunkSync.Sqlite;

namespace ChunkSync.Probe;

/// <summary>Which chunk is looked at next, and its facts. Without a promise about positions that is the next one; with it, chunks that end before the
/// next wanted position are leapt over: steps of 1, 2, 4 … ordinals until a chunk reaches it, then halving between.</summary>
internal sealed unsafe class ChunkWalkOrder(IChunkSource source, ProbeSet set, ProbeOptions options)
{
    private readonly bool canLeap = options.IsOrdered && set.HasWhere && !options.Invert;
    private bool hasBegun;

    /// <summary>The positions of the chunk looked at last in order, and its ordinal; null when not known.</summary>
    private PositionInterval? lastSpan;
    private long lastOrdinal;

    /// <summary>Goes to the next chunk.</summary>
    /// <param name="counters">Counts the chunks looked at.</param>
    /// <param name="facts">Its facts.</param>
    /// <returns>False at the end.</returns>
    public bool MoveNext(ref ProbeCounters counters, out ChunkFacts facts)
    {
        facts = default;
        bool moved = hasBegun ? Advance(ref counters) : Begin();
        hasBegun = true;
        for (; moved; moved = source.MoveNext())
        {
            counters.Seen++;
            if (TryLook(ref counters, out facts))
            {
                CheckOrder(facts);
                lastOrdinal = source.Ordinal;
                lastSpan = facts.Span;
                return true;
            }
        }

        return false;
    }

    private bool Begin()
    {
        if (options.Resume is not (long chunk, long row))
        {
            return source.Seek(long.MinValue);
        }

        bool found = source.Seek(chunk);
        return row == 0 || (found && source.Ordinal == chunk)
            ? found
            : throw new ProbeException(
                $"resume_chunk_index {chunk} is not in the source; resume with resume_row 0 to go on behind it");
    }

    private bool Advance(ref ProbeCounters counters)
    {
        if (!canLeap || lastSpan is not PositionInterval last)
        {
            return source.MoveNext();
        }

        int interval = set.Intervals.FirstNotBefore(last.To);
        if (interval == set.Intervals.Count)
        {
            return false;
        }

        Position wanted = set.Intervals[interval].From;
        return wanted <= last.To ? source.MoveNext() : Leap(wanted, ref counters);
    }

    /// <summary>Goes to the first chunk behind the last one that reaches <paramref name="wanted"/>, or whose positions are not known.</summary>
    private bool Leap(Position wanted, ref ProbeCounters counters)
    {
        long low = lastOrdinal;
        long end = source.Last ?? low;
        long? high = null;
        for (ulong step = 1; high == null; step *= 2)
        {
            if (low == end)
            {
                return false;
            }

            ulong left = (ulong)end - (ulong)low;
            long target = step < left ? (long)((ulong)low + step) : end;
            if (!source.Seek(target))
            {
                return false;
            }

            if (Reaches(wanted, ref counters))
            {
                high = source.Ordinal;
            }
            else
            {
                low = source.Ordinal;
            }
        }

        Halve(wanted, low, high.Value, ref counters);
        return true;
    }

    /// <summary>Between a chunk that ends before the wanted position and one that does not: goes to the first that does not.</summary>
    private void Halve(Position wanted, long low, long high, ref ProbeCounters counters)
    {
        long bound = high;
        while ((ulong)bound - (ulong)low > 1)
        {
            long middle = (long)((ulong)low + (((ulong)bound - (ulong)low) / 2));
            if (!source.Seek(middle) || source.Ordinal >= bound)
            {
                bound = middle;
            }
            else if (Reaches(wanted, ref counters))
            {
                high = source.Ordinal;
                bound = middle;
            }
            else
            {
                low = source.Ordinal;
            }
        }

        source.Seek(high);
    }

    private bool Reaches(Position wanted, ref ProbeCounters counters)
    {
        counters.Seen++;
        long damaged = counters.Damaged;
        bool sound = TryLook(ref counters, out ChunkFacts facts);
        counters.Damaged = damaged;
        if (!sound)
        {
            // It is looked at, and counted, when the scan comes to it.
            return true;
        }

        CheckOrder(facts);
        if (facts.Span is PositionInterval span && span.To < wanted)
        {
            lastOrdinal = source.Ordinal;
            lastSpan = span;
            return false;
        }

        return true;
    }

    /// <summary>A chunk behind the last known one must not begin before that one ends.</summary>
    private void CheckOrder(in ChunkFacts facts)
    {
        if (options.IsOrdered && lastSpan is PositionInterval last && facts.Span is PositionInterval span && source.Ordinal > lastOrdinal
            && span.From < last.To)
        {
            throw new ProbeException($"chain_order is 'position', but chunk {source.Ordinal} begins at {span.From},"
                + $" before the end {last.To} of chunk {lastOrdinal}");
        }
    }

    /// <summary>Looks at the current chunk; false when it is damaged and may be left out.</summary>
    private bool TryLook(ref ProbeCounters counters, out ChunkFacts facts)
    {
        facts = default;
        try
        {
            Look(ref counters, out facts);
            return true;
        }
        catch (DamagedChunkException damage) when (options.SkipDamaged)
        {
            _ = damage;
            counters.Damaged++;
            return false;
        }
        catch (DamagedChunkException damage)
        {
            throw new DamagedChunkException($"chunk {source.Ordinal}: {damage.Message}");
        }
    }

    private void Look(ref ProbeCounters counters, out ChunkFacts facts)
    {
        Span<byte> header = stackalloc byte[ContainerHeader.Length];
        ReadOnlySpan<byte> index = source.Index;
        bool useIndex = !index.IsEmpty;
        long length = 0;
        int read = 0;
        if (useIndex && !source.HasCheapHeader)
        {
            try
            {
                ChunkFacts.HeaderOf(index, out length).CopyTo(header);
                read = header.Length;
            }
            catch (DamagedChunkException) when (options.SkipDamaged)
            {
                counters.Damaged++;
                useIndex = false;
            }
        }

        if (read == 0)
        {
            read = source.ReadHeader(header, out length);
        }

        facts = new ChunkFacts(header[..read], length);
        if (!useIndex)
        {
            return;
        }

        try
        {
            fixed (byte* bytes = index)
            {
                facts.ReadIndex(bytes, index.Length);
            }
        }
        catch (DamagedChunkException) when (options.SkipDamaged)
        {
            counters.Damaged++;
            facts = new ChunkFacts(header[..read], length);
        }
    }
}
