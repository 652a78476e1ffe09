using ChunkSync.Sqlite;

namespace ChunkSync.Backfill;

/// <summary>What <c>chunksync_backfill_tick</c> calls while a statement of a plan runs.</summary>
internal interface ITicking
{
    /// <summary>Answers one call.</summary>
    void Tick(in Call call);
}
