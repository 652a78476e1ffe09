using ChunkSync.Sqlite;

namespace ChunkSync.Backfill;

/// <summary>A walk along the order of a plan, of which only the rows come out that a rule asks for: SQLite calls the rule for every entry,
/// and no other row leaves its virtual machine.</summary>
internal sealed class Walk : ITicking, IDisposable
{
    private readonly PlanKey key;
    private readonly PlanStatements statements;
    private readonly PredicateWriter writer;
    private readonly RowWeight weight;
    private readonly TickPlace place;
    private readonly KeySearch search;
    private readonly List<(bool, int)> values = [];

    /// <summary>What SQLite does for a statement, by its text.</summary>
    private readonly Dictionary<string, (bool IsSearch, bool IsOrdered)> shapes = [];

    private ChunkRule? rule;
    private List<RangeTerm[]> ranges = [];
    private Cut? from;
    private Cut? to;
    private Statement? running;
    private int range;

    public Walk(PlanKey key, PlanStatements statements, KeySearch search, RowWeight weight, TickPlace place)
    {
        this.key = key;
        this.statements = statements;
        this.search = search;
        this.weight = weight;
        this.place = place;
        writer = new PredicateWriter(key, search);
    }

    /// <summary>Begins at a cut.</summary>
    /// <param name="lower">Where; null for the first row.</param>
    /// <param name="upper">Where to end; null for the last row.</param>
    /// <param name="stops">Says which rows come out.</param>
    public void Open(Cut? lower, Cut? upper, ChunkRule stops)
    {
        Close();
        rule = stops;
        from = lower?.Copy();
        to = upper?.Copy();
        ranges = search.Ranges(from, to);
        range = 0;
    }

    /// <summary>The key of the next row that the rule asks for; null at the end. The caller disposes it.</summary>
    public KeyTuple? Next()
    {
        while (range < ranges.Count)
        {
            running ??= Start(ranges[range]);
            if (place.Step(running, this))
            {
                return KeyTuple.Of(running, key.Columns.Count);
            }

            running.Reset();
            running = null;
            range++;
        }

        return null;
    }

    /// <inheritdoc/>
    public long Idle => rule!.Idle;

    /// <inheritdoc/>
    public void Pass(long calls)
    {
        place.Entries += calls;
        rule!.Pass(calls);
    }

    /// <inheritdoc/>
    public void Tick(in Call call)
    {
        place.Entries++;
        if (rule!.Add(rule.NeedsWeight ? weight.Of(in call) : 0))
        {
            call.Return(1L);
        }
    }

    /// <summary>Ends the walk and lets its statement go.</summary>
    public void Close()
    {
        running?.Reset();
        running = null;
        from?.Dispose();
        to?.Dispose();
        from = null;
        to = null;
        ranges = [];
    }

    public void Dispose() => Close();

    private Statement Start(RangeTerm[] terms)
    {
        values.Clear();
        string tick = rule!.NeedsWeight ? weight.Tick : "chunksync_backfill_tick()";
        string order = key.OrderBy(terms, reverse: false);
        string head = $"SELECT {key.Selected()} FROM {key.Source} WHERE ";
        string where = terms.Length == 0 ? "" : writer.Bound([terms], values);
        string sql = where.Length == 0 ? head + tick + order : head + where + " AND " + tick + order;
        if (!shapes.TryGetValue(sql, out (bool IsSearch, bool IsOrdered) shape))
        {
            shape = Shape(sql, terms);
            shapes.Add(sql, shape);
        }

        // Of a column that is there under two collations SQLite does not always see that the index has the order. It has: one index is walked.
        order = shape.IsOrdered ? order : "";
        if (!shape.IsOrdered)
        {
            CheckDirection();
        }

        // A term that is no part of the search is tested behind the function, which would count rows that do not belong to the range. The range
        // stands in front all the same: without what it pins, SQLite would see no order in the index and sort.
        sql = where.Length == 0 ? head + tick + order
            : head + where + " AND " + (shape.IsSearch ? tick : $"CASE WHEN {where} THEN {tick} ELSE 0 END") + order;

        Statement statement = statements.Get(sql);
        PredicateWriter.Bind(statement, values, from, to);
        return statement;
    }

    /// <summary>Whether all terms of a range are part of the search, and whether rows come without being sorted. Of a column that is there under
    /// two collations EXPLAIN does not tell which term is meant.</summary>
    private (bool IsSearch, bool IsOrdered) Shape(string sql, RangeTerm[] terms)
    {
        List<string> steps = statements.Explain(sql);
        bool isSearch = terms.Length == 0
            || (!key.Columns.Any(column => column.IsSameTerm) && steps[0].StartsWith("SEARCH", StringComparison.Ordinal)
                && steps[0].EndsWith(key.ExplainedTerms(terms), StringComparison.Ordinal));
        return (isSearch, steps.Count == 1);
    }

    /// <exception cref="EngineException">The connection wants queries without an order to run backwards.</exception>
    private void CheckDirection()
    {
        Statement pragma = statements.Get("PRAGMA reverse_unordered_selects");
        bool isReverse = pragma.Step() && pragma.Int64(0) != 0;
        pragma.Reset();
        if (isReverse)
        {
            throw PlanFailure.Of($"index {key.Index} cannot be walked in order while PRAGMA reverse_unordered_selects is on");
        }
    }
}
