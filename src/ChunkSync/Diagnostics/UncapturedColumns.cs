using ChunkSync.Catalog;

namespace ChunkSync.Diagnostics;

/// <summary>D04: columns or rows that were never looked at: what they hold is not sent.</summary>
internal sealed class UncapturedColumns() : FindingCheck("D04", Severity.Error)
{
    public override void Run(CheckContext context)
    {
        foreach (TrackedTable table in context.Tables)
        {
            if (table.HasPendingRows || context.Watch.IsAltering(table) || context.Watch.State(table) != CaptureState.Complete)
            {
                continue;
            }

            if (table.Uncaptured == TableMarks.WhileDisabled)
            {
                context.Add(table.Name, null, 1, "rows were written while capture of the table was switched off: those that were inserted have no clocks, and what"
                    + " was updated or deleted is not known", CheckContext.Call("cloudsync_recapture", table.Name));
            }
            else if (table.Examined != null && table.Examined != TableMarks.Fingerprint(table))
            {
                context.Add(table.Name, null, 1, "the columns are others than when the rows were captured last: a column that was added or renamed has no clocks in"
                    + " old rows", CheckContext.Call("cloudsync_init", table.Name));
            }
        }
    }
}
