namespace ChunkSync.Backfill;

/// <summary>Where the SQL function <c>chunksync_backfill_tick</c> of a connection finds the walk that calls it.</summary>
internal sealed class TickPlace
{
    /// <summary>Whose statement is being stepped; null outside of one.</summary>
    public ITicking? Current { get; set; }

    /// <summary>The index entries that plans of this connection have visited.</summary>
    public long Entries { get; set; }
}
