using ChunkSync.Sqlite;

namespace ChunkSync.Backfill;

/// <summary>Chunks that end at round boundaries: the first row that may go is looked at together with the last that must stay, and the
/// roundest value between them ends the chunk. No chunk has more rows than the target.</summary>
internal sealed class RoundedStrategy : ChunkStrategy
{
    private readonly Walk walk;
    private readonly KeySearch search;
    private readonly IRounding rounding;
    private readonly long target;
    private readonly SlackRule rule;
    private KeyTuple? stays;
    private bool isOpen;

    /// <param name="walk">The walk.</param>
    /// <param name="search">Seeks.</param>
    /// <param name="rounding">Proposes boundaries.</param>
    /// <param name="target">The most rows of a chunk.</param>
    /// <param name="slack">How much of them may be given up.</param>
    public RoundedStrategy(Walk walk, KeySearch search, IRounding rounding, long target, double slack)
    {
        this.walk = walk;
        this.search = search;
        this.rounding = rounding;
        this.target = target;
        rule = new SlackRule(Math.Clamp((long)Math.Ceiling((1 - slack) * target), 1, target), target);
    }

    /// <inheritdoc/>
    public override BackfillChunk Next(Cut? lower)
    {
        if (!isOpen)
        {
            isOpen = true;
            walk.Open(lower, null, rule);
        }

        stays ??= walk.Next();
        KeyTuple? first = stays == null ? null : walk.Next();
        if (stays == null || first == null)
        {
            return new(null, rule.Seen, null, BackfillChunk.Open);
        }

        using KeyTuple goes = first;
        (Cut cut, string strategy, bool givesUp) = Boundary(goes, lower);
        using Cut behind = new(goes.Take(goes.Length), isAfter: false);
        long given = givesUp ? search.Count(cut, behind) : 0;
        rule.Begin(given + 1);
        stays.Dispose();
        stays = given + 1 < rule.Early ? null : given + 1 == rule.Early ? goes.Take(goes.Length) : search.Last(behind, out _);
        return new(cut, target - given, null, strategy);
    }

    public override void Dispose()
    {
        stays?.Dispose();
        stays = null;
        base.Dispose();
    }

    /// <summary>The cut between the row that stays and the one that goes.</summary>
    private (Cut Cut, string Strategy, bool GivesUp) Boundary(KeyTuple goes, Cut? lower)
    {
        int column = search.Shared(stays!, goes);
        if (column >= goes.Length || search.Columns[column].IsTieBreak)
        {
            return (search.Shortest(goes, lower), BackfillChunk.Quantile, false);
        }

        bool isDescending = search.Columns[column].IsDescending;
        KeyTuple low = isDescending ? goes : stays!;
        KeyTuple high = isDescending ? stays! : goes;
        foreach (RoundValue candidate in rounding.Candidates(KeyValue.Of(low[column]), KeyValue.Of(high[column])))
        {
            using KeyTuple value = ValueOf(candidate);
            if (IsBetween(low, high, column, candidate, value[0]))
            {
                return (new Cut(stays!.Take(column, value[0]), isDescending), candidate.Strategy, true);
            }
        }

        return (new Cut(goes.Take(column + 1), isAfter: false), BackfillChunk.Group, true);
    }

    /// <summary>Whether the rows themselves say so: affinity, collation and overflow have the last word.</summary>
    private bool IsBetween(KeyTuple low, KeyTuple high, int column, RoundValue candidate, Value value)
    {
        if (!search.RowHas(low, column, "<", value, null) || !search.RowHas(high, column, ">=", value, null))
        {
            return false;
        }

        if (candidate.Real == null)
        {
            return true;
        }

        // The predicate's digits may be another number.
        System.Text.StringBuilder literal = new();
        ValueText.AppendLiteral(literal, value, System.Text.Encoding.UTF8, search);
        return search.RowHas(low, column, "<", value, literal.ToString()) && search.RowHas(high, column, ">=", value, literal.ToString());
    }

    private KeyTuple ValueOf(RoundValue candidate) =>
        candidate.Integer != null ? search.Tuple(candidate.Integer.Value)
        : candidate.Real != null ? search.Tuple(candidate.Real.Value)
        : search.Tuple(candidate.Bytes, candidate.IsText);
}
