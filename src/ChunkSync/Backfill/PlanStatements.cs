using ChunkSync.Sqlite;

namespace ChunkSync.Backfill;

/// <summary>The statements of one plan, by their text: shapes repeat from chunk to chunk. They go with the plan.</summary>
internal sealed class PlanStatements(Connection connection) : IDisposable
{
    /// <summary>More than a plan of two or three columns has; keys of many nullable columns have more shapes.</summary>
    private const int Kept = 100;

    private readonly Dictionary<string, Statement> statements = [];

    /// <summary>A statement, ready to be bound.</summary>
    public Statement Get(string sql)
    {
        if (statements.TryGetValue(sql, out Statement? known))
        {
            known.Reset();
            return known;
        }

        if (statements.Count >= Kept)
        {
            foreach ((string text, Statement idle) in statements.Where(pair => !pair.Value.IsBusy).ToList())
            {
                idle.Dispose();
                statements.Remove(text);
            }
        }

        Statement made = connection.Prepare(sql);
        statements.Add(sql, made);
        return made;
    }

    /// <summary>The steps of a statement as EXPLAIN QUERY PLAN shows them.</summary>
    public List<string> Explain(string sql)
    {
        List<string> details = [];
        using Statement explain = connection.Prepare("EXPLAIN QUERY PLAN " + sql);
        while (explain.Step())
        {
            details.Add(explain.String(3));
        }

        return details;
    }

    public void Dispose()
    {
        foreach (Statement statement in statements.Values)
        {
            statement.Dispose();
        }

        statements.Clear();
    }
}
