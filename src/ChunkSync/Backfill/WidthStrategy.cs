namespace ChunkSync.Backfill;

/// <summary>Chunks that end on a grid of equal steps of the first key column; a cell with more rows than the target is cut by rows.</summary>
internal sealed class WidthStrategy(Walk walk, KeySearch search, long target, EvenSchedule schedule) : ChunkStrategy
{
    private WidthGrid? grid;
    private bool hasGrid;

    /// <inheritdoc/>
    public override EvenSchedule Schedule => schedule;

    /// <inheritdoc/>
    public override BackfillChunk Next(Cut? lower)
    {
        if (!hasGrid)
        {
            hasGrid = true;
            grid = search.NumberEnds() is (KeyTuple first, KeyTuple last) ? Grid(first, last) : null;
        }

        using KeyTuple? begin = search.First(lower);
        Cut? end = begin == null || grid == null ? null : End(begin, lower);
        try
        {
            LimitRule rule = new(target);
            walk.Open(lower, end, rule);
            using KeyTuple? next = walk.Next();
            if (next != null)
            {
                return new(search.Shortest(next, lower), target, null, BackfillChunk.Quantile);
            }

            using KeyTuple? behind = end == null ? null : search.First(end);
            if (behind == null)
            {
                return new(null, rule.Seen, null, BackfillChunk.Open);
            }

            Cut found = end!;
            end = null;
            return new(found, rule.Seen, null, "width");
        }
        finally
        {
            end?.Dispose();
        }
    }

    private WidthGrid? Grid(KeyTuple first, KeyTuple last)
    {
        using KeyTuple low = first;
        using KeyTuple high = last;
        return WidthGrid.Of(KeyValue.Of(low[0]), KeyValue.Of(high[0]), schedule.Pieces);
    }

    /// <summary>The cut at the end of the cell that a row lies in; null when it lies in none.</summary>
    private Cut? End(KeyTuple begin, Cut? lower)
    {
        bool isDescending = search.Columns[0].IsDescending;
        if (grid!.Behind(KeyValue.Of(begin[0]), isDescending) is not RoundValue boundary)
        {
            return null;
        }

        Cut cut = new(boundary.Integer != null ? search.Tuple(boundary.Integer.Value) : search.Tuple(boundary.Real!.Value), isDescending);
        using KeyTuple? inside = search.IsBehind(cut, lower) ? search.First(lower, cut) : null;
        if (inside != null)
        {
            return cut;
        }

        cut.Dispose();
        return null;
    }
}
