using ChunkSync.Sqlite;

namespace ChunkSync.Backfill;

/// <summary>Exact quantiles by one walk: a rule counts rows or bytes, and every row that it stops at begins a chunk.</summary>
internal sealed class QuantileStrategy(Walk walk, KeySearch search, ChunkRule rule, EvenSchedule schedule) : ChunkStrategy
{
    private int changes;
    private long seen;
    private bool isOpen;

    /// <summary>How many rows the walk must see if nothing is written meanwhile; null when it does not begin at the first row, or they were
    /// not counted.</summary>
    public long? Expected { get; init; }

    /// <summary>Says whether this connection has written.</summary>
    public required Connection Connection { get; init; }

    /// <inheritdoc/>
    public override EvenSchedule Schedule => schedule;

    /// <inheritdoc/>
    public override long State => rule.State;

    /// <inheritdoc/>
    public override BackfillChunk Next(Cut? lower)
    {
        if (!isOpen)
        {
            isOpen = true;
            changes = Connection.TotalChanges;
            walk.Open(lower, null, rule);
            using KeyTuple? first = walk.Next();
        }

        long rows = 0;
        long bytes = 0;
        while (walk.Next() is KeyTuple next)
        {
            using KeyTuple row = next;
            Cut cut = search.Shortest(row, lower);
            rows += rule.Rows;
            seen += rule.Rows;
            bytes += rule.Bytes ?? 0;
            if (search.IsBehind(cut, lower))
            {
                return new(cut, rows, rule.Bytes == null ? null : bytes, BackfillChunk.Quantile);
            }

            // Rows that were written on this connection meanwhile came before their place: the chunk goes on.
            cut.Dispose();
        }

        rule.End();
        seen += rule.Rows;
        if (Expected != null && seen != Expected && Connection.TotalChanges == changes)
        {
            throw Errors.Corrupt($"{PlanFailure.Name}: the order has {seen} entries and the table has {Expected} rows: run PRAGMA integrity_check");
        }

        return new(null, rows + rule.Rows, rule.Bytes == null ? null : bytes + rule.Bytes, BackfillChunk.Open);
    }
}
