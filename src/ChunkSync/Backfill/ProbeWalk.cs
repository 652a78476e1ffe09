using ChunkSync.Sqlite;

namespace ChunkSync.Backfill;

/// <summary>The statements of a sample: SQLite asks <c>chunksync_backfill_tick</c> for the rowid of each probe, and looks which exist.</summary>
internal sealed class ProbeWalk(PlanKey key, PlanStatements statements, RowWeight weight, TickPlace place) : ITicking
{
    /// <summary>Whether rowids can be probed.</summary>
    public bool HasRowId => key.RowId != null;

    /// <summary>The probes.</summary>
    public RowidSample Sample { get; private set; }

    private string Probed => $"FROM {key.QuotedTable} NOT INDEXED WHERE {key.RowId} IN (WITH RECURSIVE p(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM p LIMIT ?1)"
        + " SELECT chunksync_backfill_tick(n) FROM p)";

    /// <summary>Reads the smallest and the largest rowid; false for an empty table.</summary>
    public bool FindEnds()
    {
        string from = $"(SELECT {key.RowId} FROM {key.QuotedTable} NOT INDEXED ORDER BY {key.RowId}";
        Statement ends = statements.Get($"SELECT {from} LIMIT 1), {from} DESC LIMIT 1)");
        bool found = ends.Step() && !ends.IsNull(0);
        Sample = found ? new RowidSample(ends.Int64(0), ends.Int64(1)) : default;
        ends.Reset();
        return found;
    }

    /// <summary>How many of the first probes hit a row, and the weight of these rows.</summary>
    public (long Hits, long Weight) Count(long probes)
    {
        Statement count = statements.Get($"SELECT count(*), coalesce(sum({weight.Sql}), 0) {Probed}").Bind(1, probes);
        (long, long) result = Step(count) ? (count.Int64(0), count.Int64(1)) : (0, 0);
        count.Reset();
        return result;
    }

    /// <summary>The keys of the rows that the first probes hit, in the order of the plan.</summary>
    public Statement Open(long probes) =>
        statements.Get($"SELECT {key.Selected()} {Probed}{key.OrderBy([], reverse: false)}").Bind(1, probes);

    /// <summary>Steps one of these statements.</summary>
    public bool Step(Statement statement) => place.Step(statement, this);

    /// <inheritdoc/>
    public long Idle => 0;

    /// <inheritdoc/>
    public void Pass(long calls)
    {
        // Every call is answered.
    }

    /// <inheritdoc/>
    public void Tick(in Call call) => call.Return(Sample[call.Count == 1 ? call[0].Int64 : 0]);
}
