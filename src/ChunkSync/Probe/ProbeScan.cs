using ChunkSync.Format;
using ChunkSync.Sqlite;

namespace ChunkSync.Probe;

/// <summary>One probe over a chain: goes from chunk to chunk, decides by facts, walks what it must, and gives out payloads. An output depends only
/// on where it begins, so that resuming needs nothing but its cursor.</summary>
/// <remarks>A page is given out once the next hit is known, so that its cursor names a hit and its <c>is_final</c> is exact. The scan stops
/// in front of that hit and goes on there.</remarks>
internal sealed unsafe class ProbeScan : IDisposable
{
    private readonly IChunkSource source;
    private readonly ProbeSet set;
    private readonly ProbeOptions options;
    private readonly ChunkWalkOrder order;
    private readonly PayloadStaging staging;
    private readonly OpenedChunk opened;
    private readonly FragmentSequence? fragments;
    private ProbePage current = new();
    private ProbePage other = new();
    private ProbeCounters counters;
    private long pages;

    /// <summary>Whether <see cref="other"/> holds a page whose end is not known yet.</summary>
    private bool isWaiting;
    private bool isDone;

    /// <summary>The chunk that the scan is inside of; <see cref="hasChunk"/> says whether there is one.</summary>
    private ChunkFacts facts;
    private bool hasChunk;
    private bool isOpen;

    /// <summary>Whether the chunk goes out as it is stored.</summary>
    private bool isWhole;

    /// <summary>Whether the next hit, or the whole chunk, was checked for missing parts already.</summary>
    private bool isChecked;

    /// <summary>What is left of the run of hits that the scan is inside of.</summary>
    private HitRun run;

    /// <param name="source">The chain; disposed with the scan.</param>
    /// <param name="set">What is wanted; disposed with the scan.</param>
    /// <param name="options">The other inputs.</param>
    public ProbeScan(IChunkSource source, ProbeSet set, ProbeOptions options)
    {
        this.source = source;
        this.set = set;
        this.options = options;
        order = new ChunkWalkOrder(source, set, options);
        staging = new PayloadStaging(options.MaxSize, options.NeedsPayload);
        opened = new OpenedChunk(set, options.Invert);
        fragments = options.StrictFragments ? new FragmentSequence(options.Resume != null) : null;
    }

    /// <summary>The page that <see cref="MoveNext"/> went to.</summary>
    public ProbePage Current => current;

    /// <summary>Goes to the next page; false when there is none.</summary>
    /// <exception cref="DamagedChunkException">A chunk that is needed is damaged; the message names it.</exception>
    /// <exception cref="ProbeException">The cursor or the order that was given is wrong, or with strict fragments a long value is not whole.</exception>
    /// <exception cref="EngineException">The source failed.</exception>
    public bool MoveNext()
    {
        try
        {
            while (!isDone)
            {
                if (!hasChunk && !TryNextChunk())
                {
                    return Finish();
                }

                if (isWhole ? TryPass() : TryStage())
                {
                    return true;
                }
            }

            return false;
        }
        catch
        {
            // Whatever failed: nothing stays open, and nothing comes behind an error.
            isDone = true;
            Leave();
            throw;
        }
    }

    public void Dispose()
    {
        Leave();
        source.Dispose();
        set.Dispose();
        staging.Dispose();
        opened.Dispose();
        order.Dispose();
        current.Dispose();
        other.Dispose();
    }

    /// <summary>The end of the chain: what is staged is the last page.</summary>
    private bool Finish()
    {
        isDone = true;
        Seal();
        fragments?.CheckEnd();
        if (!isWaiting)
        {
            return false;
        }

        long? last = source.Last;
        Emit(last is null or long.MaxValue ? null : (last.Value + 1, 0));
        current.IsFinal = true;
        current.Misses = set.Misses;
        return true;
    }

    /// <summary>Goes to the next chunk that can have hits, and opens it unless it goes out unopened.</summary>
    private bool TryNextChunk()
    {
        while (order.MoveNext(ref counters, out facts))
        {
            long start = StartRow();
            ProbeDecision decision = ProbeDecision.Of(facts, set);
            Verdict verdict = (options.Invert ? decision.Invert() : decision).Verdict;
            if (facts.Header.Rows == 0 || start == facts.Header.Rows || verdict == Verdict.None)
            {
                continue;
            }

            bool fits = start == 0 && facts.BodySize + ContainerHeader.Length <= options.MaxSize;
            bool isProven = verdict == Verdict.All && fits
                && !(options.StrictFragments && facts.Header.Version == ContainerHeader.FragmentVersion);
            if (isProven || TryOpen(start))
            {
                hasChunk = true;
                isWhole = isProven || (fits && opened.Hits == facts.Header.Rows);
                run = default;
                isChecked = false;
                return true;
            }
        }

        return false;
    }

    private long StartRow()
    {
        if (options.Resume is not (long chunk, long row) || source.Ordinal != chunk)
        {
            return 0;
        }

        return row <= facts.Header.Rows
            ? row
            : throw new ProbeException($"resume_row {row} is not in chunk {chunk}, which has {facts.Header.Rows} rows");
    }

    /// <summary>Opens the current chunk and walks it; false when it is damaged and may be left out.</summary>
    private bool TryOpen(long start)
    {
        try
        {
            PayloadCheck.Limit(facts.BodySize, options.MaxExpanded);
            byte* payload = source.Open(out long length);
            CheckIdentity(payload, length);
            counters.Opened++;
            counters.BytesRead += length;
            opened.Open(facts.Header, payload, length, start, options);
            isOpen = true;
            return true;
        }
        catch (DamagedChunkException damage)
        {
            Leave();
            Damaged(damage);
            return false;
        }
    }

    private void Damaged(DamagedChunkException damage)
    {
        if (!options.SkipDamaged)
        {
            throw new DamagedChunkException($"chunk {source.Ordinal}: {damage.Message}");
        }

        counters.Damaged++;
    }

    /// <summary>Where the facts came from an index alone, the payload must be the one that it was made of.</summary>
    private void CheckIdentity(byte* payload, long length)
    {
        if (!facts.IsOf(payload, length))
        {
            throw ChunkFacts.Foreign();
        }
    }

    /// <summary>Passes the chunk through; true when a page in front of it is ready.</summary>
    private bool TryPass()
    {
        Seal();
        CheckWhole();
        if (isWaiting)
        {
            Emit((source.Ordinal, 0));
            return true;
        }

        try
        {
            PassStored();
            isWaiting = true;
        }
        catch (DamagedChunkException damage) when (!isOpen)
        {
            Damaged(damage);
        }

        Leave();
        return false;
    }

    private void PassStored()
    {
        if (!options.NeedsPayload && options.Verify < 2)
        {
            other.SetStored(facts.Header.Rows);
            counters.BytesRead += isOpen ? 0 : facts.Length;
            counters.Passed++;
            return;
        }

        other.SetStored(facts.Header.Rows);
        source.CopyTo(other.Payload);
        if (!isOpen)
        {
            CheckIdentity(other.Payload.Data, other.Payload.Length);
            if (options.Verify > 1)
            {
                PayloadCheck.Checksum(facts.Header, other.Payload.Data, other.Payload.Length);
            }

            counters.BytesRead += facts.Length;
        }

        counters.Passed++;
    }

    private void CheckWhole()
    {
        if (fragments == null || isChecked)
        {
            return;
        }

        isChecked = true;
        if (!isOpen)
        {
            // A chunk that goes out unopened has no fragments: they are opened when values must be whole.
            fragments.CheckEnd();
            return;
        }

        ChangeRowWalker row = new(opened.Body, facts.BodySize);
        for (uint i = 0; i < facts.Header.Rows; i++)
        {
            row.Next();
            fragments.Check(ref row, facts.Header.Version, source.Ordinal);
        }
    }

    /// <summary>Stages the next rows; true when a page is ready.</summary>
    private bool TryStage()
    {
        if (run.Rows == 0 && !opened.TryNextRun(out run))
        {
            Leave();
            return false;
        }

        bool wholeRun = fragments == null && !isWaiting && staging.Fits(facts.Header) && run.Bytes <= staging.Room;
        if (wholeRun)
        {
            staging.Append(facts.Header, opened.Body + run.Offset, run.Bytes, run.Rows);
            run.Rows = 0;
            return false;
        }

        return TryStageRows();
    }

    /// <summary>Stages as many rows of the run as fit, at least one; true when a page is ready.</summary>
    private bool TryStageRows()
    {
        ChangeRowWalker row = new(opened.Body + run.Offset, run.Bytes);
        uint staged = 0;
        uint bytes = 0;
        bool first = true;
        while (staged < run.Rows)
        {
            row.Next();
            if (first)
            {
                if (!staging.IsEmpty && (!staging.Fits(facts.Header) || row.Length > staging.Room))
                {
                    Seal();
                }

                CheckRow(ref row);
                if (isWaiting)
                {
                    Emit((source.Ordinal, run.FirstRow));
                    return true;
                }
            }
            else if (bytes + row.Length > staging.Room || fragments != null)
            {
                break;
            }

            first = false;
            staged++;
            bytes += (uint)row.Length;
        }

        staging.Append(facts.Header, opened.Body + run.Offset, bytes, staged);
        isChecked = false;
        run.FirstRow += staged;
        run.Offset += bytes;
        run.Bytes -= bytes;
        run.Rows -= staged;
        return false;
    }

    private void CheckRow(ref ChangeRowWalker row)
    {
        if (fragments != null && !isChecked)
        {
            fragments.Check(ref row, facts.Header.Version, source.Ordinal);
            isChecked = true;
        }
    }

    /// <summary>Makes a page of what is staged; it waits for its end to be known.</summary>
    private void Seal()
    {
        if (!staging.IsEmpty)
        {
            other.SetStaged(staging, options.Compress, options.NeedsPayload);
            staging.Clear();
            isWaiting = true;
        }
    }

    private void Emit((long Chunk, long Row)? next)
    {
        (current, other) = (other, current);
        isWaiting = false;
        current.Next = next;
        current.Counters = counters;
        current.Number = pages++;
    }

    private void Leave()
    {
        source.Release();
        hasChunk = false;
        isOpen = false;
    }
}
