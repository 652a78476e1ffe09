using ChunkSync.Sqlite;

namespace ChunkSync.Backfill;

/// <summary>Where the SQL function <c>chunksync_backfill_tick</c> of a connection finds the walk that calls it.</summary>
/// <param name="state">The connection's state: its counter lets calls pass that need no answer, before they reach managed code.</param>
internal sealed unsafe class TickPlace(ConnectionState state)
{
    /// <summary>What the counter was set to.</summary>
    private long idle;

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
        Settle();
        ITicking? outer = Current;
        Current = walk;
        idle = Math.Max(walk.Idle, 0);
        state.Native->Idle = idle;
        try
        {
            return statement.Step();
        }
        finally
        {
            Settle();
            Current = outer;
        }
    }

    /// <summary>Tells the walk of the calls that were not answered; the next one is.</summary>
    public void Settle()
    {
        long passed = idle - state.Native->Idle;
        idle = 0;
        state.Native->Idle = 0;
        if (passed > 0)
        {
            Current!.Pass(passed);
        }
    }
}
