using ChunkSync.Sqlite;

namespace ChunkSync.Backfill;

/// <summary>A grid of equal steps over the numbers of a column: multiples of 1, 2 or 5 times a power of ten for integers.</summary>
internal sealed class WidthGrid
{
    private readonly bool isInteger;
    private readonly Int128 step;
    private readonly Int128 lowInteger;
    private readonly double low;
    private readonly double realStep;

    private WidthGrid(Int128 low, Int128 step)
    {
        isInteger = true;
        lowInteger = low;
        this.step = step;
    }

    private WidthGrid(double low, double step)
    {
        this.low = low;
        realStep = step;
    }

    /// <summary>The grid between two finite numbers; null when there is none.</summary>
    /// <param name="low">The smallest number.</param>
    /// <param name="high">The largest.</param>
    /// <param name="pieces">The number of cells that is asked for.</param>
    public static WidthGrid? Of(KeyValue low, KeyValue high, long pieces)
    {
        if (!low.IsFinite || !high.IsFinite || pieces < 1)
        {
            return null;
        }

        if (low.Type == StorageClass.Integer && high.Type == StorageClass.Integer)
        {
            Int128 least = (((Int128)high.Integer - low.Integer + pieces) / pieces);
            return new(low.Integer, RoundUp(least));
        }

        double from = low.Type == StorageClass.Integer ? low.Integer : low.Real;
        double to = high.Type == StorageClass.Integer ? high.Integer : high.Real;
        double width = (to - from) / pieces;
        return double.IsFinite(width) && width > 0 ? new(from, width) : null;
    }

    /// <summary>The grid value that ends the cell of a value, on the way up or down; null when the value has none.</summary>
    public RoundValue? Behind(KeyValue value, bool isDescending)
    {
        bool isBelow = value.Type == StorageClass.Null || (value.Type == StorageClass.Real && double.IsNegativeInfinity(value.Real));
        if (!value.IsFinite && (!isBelow || isDescending))
        {
            return null;
        }

        return isInteger ? Integer(value, isBelow, isDescending) : Real(value, isBelow, isDescending);
    }

    private RoundValue? Integer(KeyValue value, bool isBelow, bool isDescending)
    {
        const double Largest = 1e30;
        bool isReal = value.Type == StorageClass.Real && !isBelow;
        if (isReal && Math.Abs(value.Real) > Largest)
        {
            return null;
        }

        Int128 at = isBelow ? lowInteger : isReal ? (Int128)Math.Floor(value.Real) : value.Integer;
        Int128 cell = (at / step) - (at % step < 0 ? 1 : 0);
        Int128 boundary = (isDescending ? cell : cell + 1) * step;
        return boundary >= long.MinValue && boundary <= long.MaxValue ? new("width") { Integer = (long)boundary } : null;
    }

    private RoundValue? Real(KeyValue value, bool isBelow, bool isDescending)
    {
        double at = isBelow ? low : value.Type == StorageClass.Integer ? value.Integer : value.Real;
        double cell = Math.Floor((at - low) / realStep);
        double boundary = low + ((isDescending ? cell : cell + 1) * realStep);
        if (isDescending ? boundary > at : boundary <= at)
        {
            boundary += isDescending ? -realStep : realStep;
        }

        bool isBehind = isDescending ? boundary <= at : boundary > at;
        return isBehind && double.IsFinite(boundary) ? new("width") { Real = boundary } : null;
    }

    /// <summary>The least of 1, 2 and 5 times a power of ten that is not less.</summary>
    private static Int128 RoundUp(Int128 least)
    {
        Int128 power = 1;
        while (true)
        {
            foreach (int digit in (ReadOnlySpan<int>)[1, 2, 5])
            {
                if (power * digit >= least)
                {
                    return power * digit;
                }
            }

            power *= 10;
        }
    }
}
