using System.Text;
using ChunkSync.Sqlite;

namespace ChunkSync.Backfill;

/// <summary>Ranges as the text of a WHERE clause, with literals or with parameters.</summary>
internal sealed class PredicateWriter(PlanKey key, IRealReader reader)
{
    /// <summary>Whether the text stands beside an ORDER BY that walks the index backwards.</summary>
    public bool IsOrdered { get; init; }

    /// <summary>The text with literals inside; <c>1</c> for everything.</summary>
    public string Literal(IReadOnlyList<RangeTerm[]> ranges, Cut? lower, Cut? upper) => Write(ranges, (text, term) =>
        ValueText.AppendLiteral(text, ValueOf(term, lower, upper), key.Encoding, reader));

    /// <summary>The text with ?1, ?2, …</summary>
    /// <param name="ranges">The ranges.</param>
    /// <param name="values">Gets the values' places, ?1 first: whether it is the upper cut's, and the column.</param>
    public string Bound(IReadOnlyList<RangeTerm[]> ranges, List<(bool OfUpper, int Column)> values) => Write(ranges, (text, term) =>
    {
        int known = values.IndexOf((term.OfUpper, term.Column));
        if (known < 0)
        {
            known = values.Count;
            values.Add((term.OfUpper, term.Column));
        }

        text.Append('?').Append(known + 1);
    });

    /// <summary>The value of a term.</summary>
    public static Value ValueOf(RangeTerm term, Cut? lower, Cut? upper) => (term.OfUpper ? upper : lower)!.Values[term.Column];

    /// <summary>Binds the values of <see cref="Bound"/>.</summary>
    public static void Bind(Statement statement, List<(bool OfUpper, int Column)> values, Cut? lower, Cut? upper)
    {
        for (int i = 0; i < values.Count; i++)
        {
            statement.Bind(i + 1, (values[i].OfUpper ? upper : lower)!.Values[values[i].Column]);
        }
    }

    private string Write(IReadOnlyList<RangeTerm[]> ranges, Action<StringBuilder, RangeTerm> appendValue)
    {
        if (ranges.Count == 0)
        {
            return "0";
        }

        StringBuilder text = new();
        text.Append(ranges.Count > 1 ? "(" : "");
        for (int i = 0; i < ranges.Count; i++)
        {
            text.Append(i > 0 ? " OR " : "").Append(ranges.Count > 1 ? "(" : "");
            AppendRange(text, ranges[i], appendValue);
            text.Append(ranges.Count > 1 ? ")" : "");
        }

        return text.Append(ranges.Count > 1 ? ")" : "").ToString();
    }

    private void AppendRange(StringBuilder text, RangeTerm[] range, Action<StringBuilder, RangeTerm> appendValue)
    {
        if (range.Length == 0)
        {
            text.Append('1');
        }

        for (int i = 0; i < range.Length; i++)
        {
            text.Append(i > 0 ? " AND " : "");
            AppendTerm(text, range[i], appendValue);
        }
    }

    private void AppendTerm(StringBuilder text, RangeTerm term, Action<StringBuilder, RangeTerm> appendValue)
    {
        KeyColumn column = key.Columns[term.Column];
        switch (term.Test)
        {
            case RangeTest.IsNull:
                // Of a column that IS NULL, SQLite drops an ORDER BY under another collation, and its direction with it. A column that IS a
                // value under its own collation keeps it.
                text.Append(IsOrdered && IsThereAgain(term.Column) ? column.Compared + " IS +NULL" : column.Sql + " IS NULL");
                return;
            case RangeTest.NotNull when column.IsExpression || (column.IsText && !column.HasKnownCollation):
                text.Append(column.Sql).Append(" IS NOT NULL");
                return;
            case RangeTest.NotNull:
                // Inside of an OR, IS NOT NULL is a scan; a comparison with the smallest value is a search.
                text.Append(column.Compared).Append(column.IsText ? " >= ''" : " >= -9e999");
                return;
        }

        text.Append(column.Compared).Append(term.Test switch
        {
            RangeTest.Equal => key.Pins,
            RangeTest.Less => " < ",
            RangeTest.LessOrEqual => " <= ",
            RangeTest.Greater => " > ",
            _ => " >= ",
        });
        appendValue(text, term);
    }

    private bool IsThereAgain(int column) =>
        key.Columns.Skip(column + 1).Any(again => again.IsSameTerm && !again.IsRepeated && again.Sql == key.Columns[column].Sql);
}
