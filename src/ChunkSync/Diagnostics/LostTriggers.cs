using ChunkSync.Catalog;

namespace ChunkSync.Diagnostics;

/// <summary>D22: a table has none of the engine's triggers, or had none for a time: it was rebuilt, and what was written since is not known.</summary>
internal sealed class LostTriggers() : FindingCheck("D22", Severity.Error)
{
    public override void Run(CheckContext context)
    {
        foreach (TrackedTable table in context.Tables)
        {
            if (context.Watch.IsAltering(table))
            {
                continue;
            }

            bool none = context.Watch.State(table) == CaptureState.Lost && OwnTriggers.Present(context, table).Count == 0;
            if (table.KeyColumns.Length == 0)
            {
                context.Add(table.Name, null, 1, "the table has no primary key any more: restore the key, or end its tracking with cloudsync_cleanup");
            }
            else if (none || table.Uncaptured == TableMarks.WhileLost)
            {
                context.Add(table.Name, null, 1, "capture was interrupted: the triggers were gone, as after a rebuild of the table. The cure takes the table as it is for the truth;"
                    + $" where rows were purged on purpose, SELECT cloudsync_init('{table.Name}') goes on without deleting them elsewhere", CheckContext.Call("cloudsync_recapture", table.Name));
            }
        }
    }
}
