using ChunkSync.Sqlite;

namespace ChunkSync.Backfill;

/// <summary>Where the SQL function <c>chunksync_backfill_tick</c> of a connection finds the walk that calls it.</summary>
internal sealed class TickPlace
{
    /// <summary>Whose statement is being stepped; null outside of one.</summary>
    public ITicking? Current { get; private set; }

    /// <summary>The index entries that plans of this connection have visited.</summary>
    public long Entries { get; set; }

    /// <summary>Steps a statement that calls the function; a plan that runs inside a function of an expression index has a walk of its
    /// own.</summary>
    /// <param name="statement">The statement.</param>
    /// <param name="walk">Whose it is.</param>
    public bool Step(Statement statement, ITicking walk)
    {
        ITicking? outer = Current;
        Current = walk;
        try
        {
            return statement.Step();
        }
        finally
        {
            Current = outer;
        }
    }
}
