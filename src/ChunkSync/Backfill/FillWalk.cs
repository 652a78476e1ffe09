using ChunkSync.Capture;
using ChunkSync.Catalog;
using ChunkSync.Sqlite;

namespace ChunkSync.Backfill;

/// <summary>The rows of one slice: from where the last one ended, along the primary key.</summary>
internal sealed class FillWalk : IKeyWalk, IDisposable
{
    private readonly TrackedTable table;
    private readonly FillTable fill;
    private readonly Cut? from;
    private readonly List<RangeTerm[]> ranges;
    private readonly long maxRows;

    /// <summary>When it is time to end, by <see cref="Environment.TickCount64"/>.</summary>
    private readonly long end;
    private Statement? row;
    private int range;

    /// <param name="table">The table.</param>
    /// <param name="fill">Its order.</param>
    /// <param name="from">Where to begin; null for the first row.</param>
    /// <param name="maxRows">The most rows to visit.</param>
    /// <param name="maxMilliseconds">Milliseconds after which no further row is visited; 0 for no limit. One row is visited always.</param>
    public FillWalk(TrackedTable table, FillTable fill, Cut? from, long maxRows, long maxMilliseconds)
    {
        this.table = table;
        this.fill = fill;
        this.from = from;
        this.maxRows = maxRows;
        long now = Environment.TickCount64;
        end = maxMilliseconds <= 0 || maxMilliseconds > long.MaxValue - now ? long.MaxValue : now + maxMilliseconds;
        ranges = fill.Search.Ranges(from, null);
    }

    /// <summary>Rows visited, those outside the table's filter with them.</summary>
    public long Rows { get; private set; }

    /// <summary>Whether nothing is behind the last row that was visited.</summary>
    public bool IsAtEnd { get; private set; }

    /// <summary>Behind the last row that was visited; null at the end of the table.</summary>
    public Cut? Position { get; private set; }

    /// <inheritdoc/>
    public Statement Row => row!;

    /// <inheritdoc/>
    public bool MoveNext()
    {
        int order = table.KeyColumns.Length;
        while (Rows == 0 || (Rows < maxRows && (end == long.MaxValue || Environment.TickCount64 < end)))
        {
            if (!Step())
            {
                IsAtEnd = true;
                return false;
            }

            Rows++;
            if (row!.Int64(order + fill.Key.Columns.Count) != 0)
            {
                return true;
            }
        }

        Position = fill.After(row!, order);
        IsAtEnd = !Step();
        return false;
    }

    public void Dispose()
    {
        row?.Reset();
        row = null;
        Position?.Dispose();
    }

    private bool Step()
    {
        while (range < ranges.Count)
        {
            row ??= Open(ranges[range]);
            if (row.Step())
            {
                return true;
            }

            row.Reset();
            row = null;
            range++;
        }

        return false;
    }

    private Statement Open(RangeTerm[] terms)
    {
        List<(bool, int)> values = [];
        string where = terms.Length == 0 ? "" : " WHERE " + fill.Writer.Bound([terms], values);
        string inside = table.Filter == null ? "1" : $"({table.Filter}\n) IS TRUE";
        Statement statement = fill.Statements.Get($"SELECT {fill.KeyList}, {fill.Key.Selected()}, {inside} FROM {fill.Key.Source}{where}"
            + fill.Key.OrderBy(terms, reverse: false));
        PredicateWriter.Bind(statement, values, from, null);
        return statement;
    }
}
