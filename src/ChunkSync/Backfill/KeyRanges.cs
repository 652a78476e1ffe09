namespace ChunkSync.Backfill;

/// <summary>The index ranges between two cuts: conjunctions of terms that pin the leading columns and bound the next one. Together they
/// hold exactly the rows between the cuts, NULL included, no row twice, and they are in the order of the index.</summary>
internal static class KeyRanges
{
    /// <summary>The ranges of [lower, upper).</summary>
    /// <param name="columns">The key.</param>
    /// <param name="lower">Where the range begins; null at the beginning.</param>
    /// <param name="upper">Where it ends; null at the end.</param>
    /// <param name="shared">How many leading values of the two are equal.</param>
    /// <returns>Each range as its terms; a range without terms is everything.</returns>
    public static List<RangeTerm[]> Between(IReadOnlyList<KeyColumn> columns, ICutShape? lower, ICutShape? upper, int shared)
    {
        List<RangeTerm[]> ranges = [];
        int from = lower?.Length ?? 0;
        int to = upper?.Length ?? 0;
        int m = lower == null || upper == null ? 0 : shared;
        for (int j = from; j >= m + 2; j--)
        {
            bool inclusive = j == from && !lower!.IsAfter;
            Add(ranges, columns, lower!, ofUpper: false, j - 1, new Bound(lower!, inclusive), null);
        }

        Middle(ranges, columns, lower, upper, from, to, m);
        for (int j = m + 2; j <= to; j++)
        {
            bool inclusive = j == to && upper!.IsAfter;
            Add(ranges, columns, upper!, ofUpper: true, j - 1, null, new Bound(upper!, inclusive));
        }

        return ranges;
    }

    /// <summary>The rows that share <paramref name="cut"/>'s values before <paramref name="column"/> and come before it in this column.</summary>
    /// <param name="columns">The key.</param>
    /// <param name="cut">The values; they are the upper ones of the terms.</param>
    /// <param name="column">The column's place.</param>
    /// <param name="inclusive">Whether rows with an equal value belong to it.</param>
    public static List<RangeTerm[]> Before(IReadOnlyList<KeyColumn> columns, ICutShape cut, int column, bool inclusive)
    {
        List<RangeTerm[]> ranges = [];
        Add(ranges, columns, cut, ofUpper: true, column, null, new Bound(cut, inclusive));
        return ranges;
    }

    private static void Middle(
        List<RangeTerm[]> ranges, IReadOnlyList<KeyColumn> columns, ICutShape? lower, ICutShape? upper, int from, int to, int m)
    {
        if (lower != null && upper != null && from == m && to == m)
        {
            if (!lower.IsAfter && upper.IsAfter)
            {
                ranges.Add([.. Pins(lower, ofUpper: false, m)]);
            }

            return;
        }

        // A cut whose values are all shared begins or ends inside of nothing else: it bounds the group as a whole, or leaves it out.
        if ((lower != null && upper != null) && ((from == m && lower.IsAfter) || (to == m && !upper.IsAfter)))
        {
            return;
        }

        Bound? lo = from > m ? new Bound(lower!, from == m + 1 && !lower!.IsAfter) : null;
        Bound? hi = to > m ? new Bound(upper!, to == m + 1 && upper!.IsAfter) : null;
        ICutShape? pinned = lower ?? upper;
        if (lo == null && hi == null)
        {
            ranges.Add(m == 0 ? [] : [.. Pins(pinned!, lower == null, m)]);
            return;
        }

        Add(ranges, columns, pinned!, lower == null, m, lo, hi);
    }

    /// <summary>One column from lo to hi in index order, behind pinned columns: the NULL group and the rest, each where it exists.</summary>
    private static void Add(
        List<RangeTerm[]> ranges, IReadOnlyList<KeyColumn> columns, ICutShape pinned, bool ofUpper, int column, Bound? lo, Bound? hi)
    {
        KeyColumn key = columns[column];
        RangeTerm[] pins = [.. Pins(pinned, ofUpper, column)];
        if (key.IsRepeated)
        {
            // Its value is pinned already.
            if ((lo?.IsInclusive ?? true) && (hi?.IsInclusive ?? true))
            {
                ranges.Add(pins);
            }

            return;
        }

        // In SQL's order; NULL is below everything.
        Bound? low = key.IsDescending ? hi : lo;
        Bound? high = key.IsDescending ? lo : hi;
        bool lowIsUpper = key.IsDescending;
        bool lowIsNull = low != null && low.Value.Cut.IsNull(column);
        bool highIsNull = high != null && high.Value.Cut.IsNull(column);
        bool hasNull = !key.IsNotNull && (low == null || (lowIsNull && low.Value.IsInclusive)) && !(highIsNull && !high!.Value.IsInclusive);
        List<RangeTerm>? rest = highIsNull ? null : [.. pins];
        if (rest != null)
        {
            if (low != null && !lowIsNull)
            {
                rest.Add(new(column, low.Value.IsInclusive ? RangeTest.GreaterOrEqual : RangeTest.Greater, lowIsUpper));
            }

            if (high != null)
            {
                rest.Add(new(column, high.Value.IsInclusive ? RangeTest.LessOrEqual : RangeTest.Less, !lowIsUpper));
            }

            if (rest.Count == pins.Length && hasNull)
            {
                ranges.Add(pins);
                return;
            }

            if (rest.Count == pins.Length && !key.IsNotNull)
            {
                rest.Add(new(column, RangeTest.NotNull, false));
            }
        }

        RangeTerm[]? nulls = hasNull ? [.. pins, new(column, RangeTest.IsNull, false)] : null;
        if (nulls != null && !key.IsDescending)
        {
            ranges.Add(nulls);
        }

        if (rest != null)
        {
            ranges.Add([.. rest]);
        }

        if (nulls != null && key.IsDescending)
        {
            ranges.Add(nulls);
        }
    }

    private static IEnumerable<RangeTerm> Pins(ICutShape cut, bool ofUpper, int count)
    {
        for (int i = 0; i < count; i++)
        {
            yield return new(i, cut.IsNull(i) ? RangeTest.IsNull : RangeTest.Equal, ofUpper);
        }
    }

    /// <summary>One end of a column's interval.</summary>
    private readonly record struct Bound(ICutShape Cut, bool IsInclusive);
}
