using ChunkSync.Sqlite;

namespace ChunkSync.Backfill;

/// <summary>What is asked of SQLite about keys: which values are equal, which row comes first or last, how many there are. All by seeks
/// along the order of the plan.</summary>
internal sealed class KeySearch(Connection connection, PlanKey key, PlanStatements statements) : IRealReader
{
    private readonly PredicateWriter writer = new(key, NoLiterals.Instance) { IsOrdered = true };

    /// <summary>The key.</summary>
    public IReadOnlyList<KeyColumn> Columns => key.Columns;

    /// <summary>How many leading values of two tuples are equal, in SQLite's eyes.</summary>
    public int Shared(KeyTuple left, KeyTuple right)
    {
        int most = Math.Min(left.Length, right.Length);
        int shared = 0;
        while (shared < most && Same(shared, left[shared], right[shared]))
        {
            shared++;
        }

        return shared;
    }

    /// <summary>How many leading values of two cuts are equal; 0 when one is open.</summary>
    public int Shared(Cut? left, Cut? right) => left == null || right == null ? 0 : Shared(left.Values, right.Values);

    /// <summary>Whether a cut lies strictly behind another one.</summary>
    public bool IsBehind(Cut cut, Cut? lower)
    {
        if (lower == null)
        {
            return true;
        }

        int shared = Shared(lower, cut);
        bool lowerEnds = shared == lower.Length;
        bool cutEnds = shared == cut.Length;
        if (lowerEnds || cutEnds)
        {
            return lowerEnds && cutEnds ? !lower.IsAfter && cut.IsAfter : lowerEnds ? !lower.IsAfter : cut.IsAfter;
        }

        KeyColumn column = key.Columns[shared];
        Value low = column.IsDescending ? cut.Values[shared] : lower.Values[shared];
        Value high = column.IsDescending ? lower.Values[shared] : cut.Values[shared];
        return low.IsNull || (!high.IsNull && (PlainComparison.IsLess(low, high, column.Collation)
            ?? Ask($"SELECT ?1 < ?2 COLLATE {Connection.Quote(column.Collation)}", low, high)));
    }

    /// <summary>The ranges of [lower, upper).</summary>
    public List<RangeTerm[]> Ranges(Cut? lower, Cut? upper) => KeyRanges.Between(key.Columns, lower, upper, Shared(lower, upper));

    /// <summary>The first row at or behind a cut; null when there is none. The caller disposes it.</summary>
    public KeyTuple? First(Cut? from, Cut? to = null)
    {
        foreach (RangeTerm[] range in Ranges(from, to))
        {
            if (Seek(range, from, to, reverse: false) is KeyTuple row)
            {
                return row;
            }
        }

        return null;
    }

    /// <summary>The last row before a cut; null when there is none. The caller disposes it.</summary>
    /// <param name="cut">The cut; null for the end.</param>
    /// <param name="level">The first column, counted from 1, in which the row differs from the cut's values; one more than the cut has
    /// values when it shares all of them.</param>
    public KeyTuple? Last(Cut? cut, out int level)
    {
        level = 1;
        if (cut == null)
        {
            return Seek([], null, null, reverse: true);
        }

        for (level = cut.Length; level >= 1; level--)
        {
            List<RangeTerm[]> before = KeyRanges.Before(key.Columns, cut, level - 1, level == cut.Length && cut.IsAfter);
            for (int i = before.Count - 1; i >= 0; i--)
            {
                if (Seek(before[i], null, cut, reverse: true) is KeyTuple row)
                {
                    return row;
                }
            }
        }

        return null;
    }

    /// <summary>The shortest cut that has row <paramref name="next"/> as the first row behind it.</summary>
    /// <param name="next">All key values of the row.</param>
    /// <param name="lower">Where the chunk that ends here began.</param>
    /// <returns>A cut before the leading values of the row, or after those of the row before it: where a group of equal values ends that
    /// the chunk began inside of, the chunk stays one range.</returns>
    public Cut Shortest(KeyTuple next, Cut? lower)
    {
        if (key.Columns.Count == 1)
        {
            return new Cut(next.Take(1), isAfter: false);
        }

        using Cut at = new(next.Take(next.Length), isAfter: false);
        using KeyTuple? previous = Last(at, out int level);
        if (previous == null)
        {
            return new Cut(next.Take(1), isAfter: false);
        }

        bool beganInside = lower != null && lower.Length >= level && Shared(lower.Values, previous) >= level;
        return beganInside ? new Cut(previous.Take(level), isAfter: true) : new Cut(next.Take(level), isAfter: false);
    }

    /// <summary>Whether a row of this key satisfies one more comparison with its column.</summary>
    /// <param name="row">All values of the key.</param>
    /// <param name="column">The column.</param>
    /// <param name="comparison">The operator.</param>
    /// <param name="value">The value on the right.</param>
    /// <param name="literal">The same as a literal where its digits may mean another number; null to bind it.</param>
    public bool RowHas(KeyTuple row, int column, string comparison, Value value, string? literal)
    {
        List<string> pins = [];
        for (int i = 0; i < row.Length; i++)
        {
            pins.Add(row[i].IsNull ? key.Columns[i].Sql + " IS NULL" : $"{key.Columns[i].Compared}{key.Pins}?{i + 1}");
        }

        string right = literal ?? "?" + (row.Length + 1);
        string sql = $"SELECT 1 FROM {key.Source} WHERE {string.Join(" AND ", pins)} AND {key.Columns[column].Compared} {comparison} {right}";
        using Statement? single = literal == null ? null : connection.Prepare(sql);
        Statement ask = single ?? statements.Get(sql);
        for (int i = 0; i < row.Length; i++)
        {
            if (!row[i].IsNull)
            {
                ask.Bind(i + 1, row[i]);
            }
        }

        if (literal == null)
        {
            ask.Bind(row.Length + 1, value);
        }

        bool found = ask.Step();
        ask.Reset();
        return found;
    }

    /// <summary>The smallest and the largest finite number of the first column; null when it has none. The caller disposes them.</summary>
    public (KeyTuple First, KeyTuple Last)? NumberEnds()
    {
        KeyColumn column = key.Columns[0];
        if (column.IsText)
        {
            return null;
        }

        string sql = $"SELECT {column.Sql} FROM {key.Source} WHERE {column.Compared} > -9e999 AND {column.Compared} < 9e999 ORDER BY ";
        using KeyTuple? first = Number(sql + column.Compared);
        using KeyTuple? last = Number(sql + column.Compared + " DESC");
        return first == null || last == null ? null : (first.Take(1), last.Take(1));
    }

    /// <summary>The number of rows of [from, to).</summary>
    public long Count(Cut from, Cut to)
    {
        long rows = 0;
        foreach (RangeTerm[] range in Ranges(from, to))
        {
            Statement count = Bound($"SELECT count(*) FROM {key.Source} WHERE ", range, "", from, to);
            rows += count.Step() ? count.Int64(0) : 0;
            count.Reset();
        }

        return rows;
    }

    /// <summary>One value as SQLite gives it back, in a tuple of its own.</summary>
    public KeyTuple Tuple(long value) => Tuple(statements.Get("SELECT ?1").Bind(1, value));

    /// <inheritdoc cref="Tuple(long)"/>
    public KeyTuple Tuple(double value) => Tuple(statements.Get("SELECT ?1").Bind(1, value));

    /// <summary>A TEXT or BLOB from its bytes in the database's encoding.</summary>
    public KeyTuple Tuple(ReadOnlySpan<byte> bytes, bool isText)
    {
        Statement select = statements.Get("SELECT ?1");
        return Tuple(isText ? select.BindText(1, bytes, key.EncodingNumber) : select.BindBlob(1, bytes));
    }

    /// <inheritdoc/>
    public bool Reads(string literal, double value)
    {
        Statement ask = statements.Get("SELECT CAST(?1 AS REAL) = ?2").Bind(1, literal).Bind(2, value);
        bool same = ask.Step() && ask.Int64(0) != 0;
        ask.Reset();
        return same;
    }

    private static KeyTuple Tuple(Statement select)
    {
        select.Step();
        KeyTuple tuple = KeyTuple.Of(select, 1);
        select.Reset();
        return tuple;
    }

    private KeyTuple? Number(string sql)
    {
        Statement select = statements.Get(sql + " LIMIT 1");
        KeyTuple? found = select.Step() ? KeyTuple.Of(select, 1) : null;
        select.Reset();
        return found;
    }

    private bool Same(int column, Value left, Value right) => PlainComparison.AreEqual(left, right, key.Columns[column].Collation)
        ?? Ask($"SELECT ?1 IS ?2 COLLATE {Connection.Quote(key.Columns[column].Collation)}", left, right);

    private bool Ask(string sql, Value left, Value right)
    {
        Statement ask = statements.Get(sql).Bind(1, left).Bind(2, right);
        bool answer = ask.Step() && ask.Int64(0) != 0;
        ask.Reset();
        return answer;
    }

    private KeyTuple? Seek(RangeTerm[] range, Cut? lower, Cut? upper, bool reverse)
    {
        Statement seek = Bound(
            $"SELECT {key.Selected()} FROM {key.Source}{(range.Length > 0 ? " WHERE " : "")}", range,
            $"{key.OrderBy(range, reverse)} LIMIT 1", lower, upper);
        KeyTuple? row = seek.Step() ? KeyTuple.Of(seek, key.Columns.Count) : null;
        seek.Reset();
        return row;
    }

    private Statement Bound(string before, RangeTerm[] range, string behind, Cut? lower, Cut? upper)
    {
        List<(bool, int)> values = [];
        string where = range.Length == 0 ? "" : writer.Bound([range], values);
        Statement statement = statements.Get(before + where + behind);
        PredicateWriter.Bind(statement, values, lower, upper);
        return statement;
    }

    /// <summary>Nothing is written with literals here.</summary>
    private sealed class NoLiterals : IRealReader
    {
        public static readonly NoLiterals Instance = new();

        public bool Reads(string literal, double value) => true;
    }
}
