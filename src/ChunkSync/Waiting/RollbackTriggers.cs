using ChunkSync.Sqlite;

namespace ChunkSync.Waiting;

/// <summary>Triggers that may roll the whole transaction back, by RAISE(ROLLBACK) or OR ROLLBACK. A call that has its own transaction begins
/// anew then; one that is a step of somebody's transaction would take that away, an alteration of a table with it.</summary>
internal sealed class RollbackTriggers(Connection connection)
{
    private readonly Statement find = connection.Prepare(
        "SELECT 1 FROM (SELECT type, sql FROM main.sqlite_master UNION ALL SELECT type, sql FROM temp.sqlite_master)"
        + " WHERE type = 'trigger' AND sql LIKE '%ROLLBACK%' LIMIT 1");

    /// <summary>Whether there may be one: the word stands in some trigger.</summary>
    public bool IsThere()
    {
        bool found = find.Step();
        find.Reset();
        return found;
    }
}
