using ChunkSync.Sqlite;

namespace ChunkSync.Probe;

/// <summary>The points and ranges of a probe set in one ascending list of intervals without overlaps.</summary>
internal sealed unsafe class IntervalList : IDisposable
{
    private const byte Range = 0;
    private const byte Point = 1;
    private const byte FoundPoint = 2;

    private readonly NativeBuffer intervals = new();
    private readonly NativeBuffer kinds = new();
    private int hint;

    public int Count => (int)kinds.Length;

    /// <summary>The number of points that <see cref="MarkFound"/> was never called for.</summary>
    public int Misses { get; private set; }

    public PositionInterval this[int index] => ((PositionInterval*)intervals.Data)[index];

    /// <summary>Adds a point or range; false when it does not come behind the last one.</summary>
    public bool TryAdd(PositionInterval interval, bool isPoint)
    {
        if (Count > 0 && ((PositionInterval*)intervals.Data)[Count - 1].To >= interval.From)
        {
            return false;
        }

        *(PositionInterval*)intervals.Reserve(sizeof(PositionInterval)) = interval;
        intervals.Commit(sizeof(PositionInterval));
        *kinds.Reserve(1) = isPoint ? Point : Range;
        kinds.Commit(1L);
        Misses += isPoint ? 1 : 0;
        return true;
    }

    /// <summary>Begins again.</summary>
    public void Clear()
    {
        intervals.Clear();
        kinds.Clear();
        Misses = 0;
    }

    /// <summary>The first interval that does not end before <paramref name="position"/>; <see cref="Count"/> when all do.</summary>
    public int FirstNotBefore(Position position)
    {
        int low = 0;
        int high = Count;
        while (low < high)
        {
            int middle = (low + high) >>> 1;
            if (this[middle].To < position)
            {
                low = middle + 1;
            }
            else
            {
                high = middle;
            }
        }

        return low;
    }

    /// <summary>The interval that a position lies in, or -1. Positions of a chunk mostly ascend: the last place and the one behind it are
    /// looked at first.</summary>
    public int Find(Position position)
    {
        if (!IsFirstNotBefore(hint, position))
        {
            hint = IsFirstNotBefore(hint + 1, position) ? hint + 1 : FirstNotBefore(position);
        }

        return hint < Count && ((PositionInterval*)intervals.Data)[hint].From <= position ? hint : -1;
    }

    /// <summary>Whether any interval shares a position with <paramref name="span"/>.</summary>
    public bool Touches(PositionInterval span)
    {
        int first = FirstNotBefore(span.From);
        return first < Count && this[first].From <= span.To;
    }

    /// <summary>Whether one range holds all of <paramref name="span"/>. Points prove nothing: there may be positions between them.</summary>
    public bool Covers(PositionInterval span)
    {
        int first = FirstNotBefore(span.From);
        return first < Count && kinds.Data[first] == Range && this[first].From <= span.From && this[first].To >= span.To;
    }

    /// <summary>A change in the interval was seen that matches the whole set.</summary>
    /// <returns>Whether it is a point, and this was its first.</returns>
    public bool MarkFound(int interval)
    {
        bool isNew = kinds.Data[interval] == Point;
        if (isNew)
        {
            kinds.Data[interval] = FoundPoint;
            Misses--;
        }

        return isNew;
    }

    /// <summary>Takes a first <see cref="MarkFound"/> back.</summary>
    public void Unmark(int interval)
    {
        kinds.Data[interval] = Point;
        Misses++;
    }

    private bool IsFirstNotBefore(int index, Position position)
    {
        PositionInterval* at = (PositionInterval*)intervals.Data + index;
        return index < Count && at->To >= position && (index == 0 || at[-1].To < position);
    }

    public void Dispose()
    {
        intervals.Dispose();
        kinds.Dispose();
    }
}
