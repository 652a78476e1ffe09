using ChunkSync.Sqlite;

namespace ChunkSync.Probe;

/// <summary>In a chain whose order is promised: which place is wanted next behind the last chunk, and whether a chunk reaches it. Places are positions,
/// or entities for runs. What chunks say of themselves is held against the promise.</summary>
internal sealed unsafe class WantedPlaces(ProbeSet set, ProbeOptions options) : IDisposable
{
    private readonly bool byPosition = options.Order == ChainOrder.Position && set.HasWhere && !options.Invert;
    private readonly bool byKey = options.Order == ChainOrder.Key && set.HasWhat && set.Tables.Count == 0 && !options.Invert;

    /// <summary>The last entity of the chunk passed last: its bytes, because the index goes when the source moves.</summary>
    private readonly NativeBuffer lastKeyBytes = new();
    private PositionInterval? lastSpan;
    private int lastTableLength;
    private bool hasLastKey;

    /// <summary>The next wanted interval or entity.</summary>
    private int wanted;

    /// <summary>The ordinal of the chunk passed last.</summary>
    public long LastOrdinal { get; private set; }

    private EntityKey LastKey => new(
        lastKeyBytes.Data, lastTableLength, lastKeyBytes.Data + lastTableLength, (int)lastKeyBytes.Length - lastTableLength);

    /// <summary>The scan has come to a chunk.</summary>
    /// <exception cref="ProbeException">It begins before the one before it ends.</exception>
    public void Passed(in ChunkFacts facts, long ordinal)
    {
        Check(facts, ordinal);
        LastOrdinal = ordinal;
        lastSpan = facts.Span;
        hasLastKey = facts.LastKey != null;
        if (facts.LastKey is EntityKey last)
        {
            lastKeyBytes.Clear();
            lastKeyBytes.Append(last.Table);
            lastKeyBytes.Append(last.Key);
            lastTableLength = last.Table.Length;
        }
    }

    /// <summary>The scan has come to a chunk of which nothing is known.</summary>
    public void PassedUnknown()
    {
        lastSpan = null;
        hasLastKey = false;
    }

    /// <summary>Where the next wanted place may be.</summary>
    public WantedPlace Next()
    {
        if (byPosition && lastSpan is PositionInterval span)
        {
            wanted = set.Intervals.FirstNotBefore(span.To);
            return wanted == set.Intervals.Count ? WantedPlace.None
                : set.Intervals[wanted].From <= span.To ? WantedPlace.Next : WantedPlace.Far;
        }

        if (byKey && hasLastKey)
        {
            wanted = set.Entities.FirstNotBefore(LastKey);
            return wanted == set.Entities.Count ? WantedPlace.None
                : set.Entities[wanted].CompareTo(LastKey) <= 0 ? WantedPlace.Next : WantedPlace.Far;
        }

        return WantedPlace.Next;
    }

    /// <summary>Whether a chunk reaches the wanted place, or does not say. One that does not becomes the last one passed.</summary>
    /// <exception cref="ProbeException">It begins before the one before it ends.</exception>
    public bool IsReachedBy(in ChunkFacts facts, long ordinal)
    {
        bool isBefore = byPosition
            ? facts.Span is PositionInterval span && span.To < set.Intervals[wanted].From
            : facts.LastKey is EntityKey last && last.CompareTo(set.Entities[wanted]) < 0;
        if (isBefore)
        {
            Passed(facts, ordinal);
        }
        else
        {
            Check(facts, ordinal);
        }

        return !isBefore;
    }

    public void Dispose() => lastKeyBytes.Dispose();

    private void Check(in ChunkFacts facts, long ordinal)
    {
        if (ordinal <= LastOrdinal)
        {
            return;
        }

        if (options.Order == ChainOrder.Position && lastSpan is PositionInterval before && facts.Span is PositionInterval span && span.From < before.To)
        {
            throw new ProbeException($"chain_order is 'position', but chunk {ordinal} begins at {span.From}, before the end {before.To} of chunk {LastOrdinal}");
        }

        // The first entity is rounded down: only one that is whole can contradict.
        if (options.Order == ChainOrder.Key && hasLastKey && facts.FirstKey is EntityKey first && first.CompareTo(LastKey) < 0
            && first.Table.Length < PayloadIndexFormat.MaxKey && first.Key.Length < PayloadIndexFormat.MaxKey)
        {
            throw new ProbeException($"chain_order is 'key', but chunk {ordinal} begins at {first}, before the end {LastKey} of chunk {LastOrdinal}");
        }
    }
}
