using ChunkSync.Format;

namespace ChunkSync.Probe;

/// <summary>Which chunk is looked at next, and its facts. Without a promise about order that is the next one. With it, chunks that end before the
/// next wanted place are leapt over: steps of 1, 2, 4 … ordinals until a chunk reaches it, then halving between. A key table names the chunks
/// that are worth a look in the part that it covers.</summary>
internal sealed unsafe class ChunkWalkOrder : IDisposable
{
    private readonly IChunkSource source;
    private readonly ProbeOptions options;
    private readonly WantedPlaces places;
    private readonly CoveredOrdinals? covered;
    private bool hasBegun;

    public ChunkWalkOrder(IChunkSource source, ProbeSet set, ProbeOptions options)
    {
        this.source = source;
        this.options = options;
        places = new WantedPlaces(set, options);
        covered = !options.Invert && set.HasWhat && set.Tables.Count == 0 ? options.Covered : null;
    }

    /// <summary>Goes to the next chunk.</summary>
    /// <param name="counters">Counts the chunks looked at.</param>
    /// <param name="facts">Its facts.</param>
    /// <returns>False at the end.</returns>
    public bool MoveNext(ref ProbeCounters counters, out ChunkFacts facts)
    {
        facts = default;
        bool moved = hasBegun ? Advance(ref counters) : Begin();
        hasBegun = true;
        for (; moved; moved = Advance(ref counters))
        {
            counters.Seen++;
            if (TryLook(ref counters, out facts))
            {
                places.Passed(facts, source.Ordinal);
                return true;
            }

            places.PassedUnknown();
        }

        return false;
    }

    public void Dispose()
    {
        places.Dispose();
        options.Covered?.Dispose();
    }

    private bool Begin()
    {
        if (options.Resume is not (long chunk, long row))
        {
            return covered == null ? source.Seek(long.MinValue) : SeekCovered(long.MinValue);
        }

        bool found = source.Seek(chunk);
        if (row != 0 && !(found && source.Ordinal == chunk))
        {
            throw new ProbeException($"resume_chunk_index {chunk} is not in the source; resume with resume_row 0 to go on behind it");
        }

        // A cursor inside a chunk is checked against it, also where nothing in it is wanted.
        return row != 0 || covered == null ? found : SeekCovered(chunk);
    }

    private bool Advance(ref ProbeCounters counters)
    {
        if (covered != null && source.Ordinal < covered.Mark)
        {
            return SeekCovered(source.Ordinal + 1);
        }

        return places.Next() switch
        {
            WantedPlace.None => false,
            WantedPlace.Far => Leap(ref counters),
            _ => source.MoveNext(),
        };
    }

    /// <summary>Goes to the first chunk at or behind an ordinal that the key table names, or to the first behind what it covers.</summary>
    private bool SeekCovered(long from)
    {
        while (from <= covered!.Mark && covered.TryFind(from, out long ordinal))
        {
            if (!source.Seek(ordinal))
            {
                return false;
            }

            if (source.Ordinal == ordinal || source.Ordinal > covered.Mark)
            {
                return true;
            }

            // The chunk is gone; what stands behind it was not named.
            from = source.Ordinal;
        }

        return covered.Mark < long.MaxValue && source.Seek(Math.Max(from, covered.Mark + 1));
    }

    /// <summary>Goes to the first chunk behind the last one that reaches the wanted place, or of which that is not known.</summary>
    private bool Leap(ref ProbeCounters counters)
    {
        long low = places.LastOrdinal;
        long end = source.Last ?? low;
        long? high = null;
        for (ulong step = 1; high == null; step *= 2)
        {
            if (low == end)
            {
                return false;
            }

            ulong left = (ulong)end - (ulong)low;
            if (!source.Seek(step < left ? (long)((ulong)low + step) : end))
            {
                return false;
            }

            if (Reaches(ref counters))
            {
                high = source.Ordinal;
            }
            else
            {
                low = source.Ordinal;
            }
        }

        Halve(low, high.Value, ref counters);
        return true;
    }

    /// <summary>Between a chunk that ends before the wanted place and one that does not: goes to the first that does not.</summary>
    private void Halve(long low, long high, ref ProbeCounters counters)
    {
        long bound = high;
        while ((ulong)bound - (ulong)low > 1)
        {
            long middle = (long)((ulong)low + (((ulong)bound - (ulong)low) / 2));
            if (!source.Seek(middle) || source.Ordinal >= bound)
            {
                bound = middle;
            }
            else if (Reaches(ref counters))
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

    private bool Reaches(ref ProbeCounters counters)
    {
        counters.Seen++;
        long damaged = counters.Damaged;
        bool sound = TryLook(ref counters, out ChunkFacts facts);
        counters.Damaged = damaged;

        // A damaged one is looked at again, and counted, when the scan comes to it.
        return !sound || places.IsReachedBy(facts, source.Ordinal);
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
        catch (DamagedChunkException damage)
        {
            if (!options.SkipDamaged)
            {
                throw new DamagedChunkException($"chunk {source.Ordinal}: {damage.Message}");
            }

            counters.Damaged++;
            return false;
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
