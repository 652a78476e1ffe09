using ChunkSync.Catalog;

namespace ChunkSync.Diagnostics;

/// <summary>D31: rows from before the tracking that a fill has not come to.</summary>
internal sealed class UnfinishedFills() : FindingCheck("D31", Severity.Warning)
{
    public override void Run(CheckContext context)
    {
        foreach (TrackedTable table in context.Tables.Where(table => table.HasPendingRows))
        {
            context.Add(table.Name, null, 1, "the initial fill is not finished: rows that it has not come to are not sent yet; cloudsync_backfill_progress shows how far it is",
                CheckContext.Call("cloudsync_backfill_run", table.Name));
        }
    }
}
