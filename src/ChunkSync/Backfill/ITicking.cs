using ChunkSync.Sqlite;

namespace ChunkSync.Backfill;

/// <summary>What <c>chunksync_backfill_tick</c> calls while a statement of a plan runs.</summary>
internal interface ITicking
{
    /// <summary>How many calls need no answer from now on: they return NULL.</summary>
    long Idle { get; }

    /// <summary>So many calls were not answered.</summary>
    void Pass(long calls);

    /// <summary>Answers one call.</summary>
    void Tick(in Call call);
}
