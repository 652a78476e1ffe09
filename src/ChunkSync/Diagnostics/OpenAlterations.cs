using ChunkSync.Catalog;

namespace ChunkSync.Diagnostics;

/// <summary>D02: a table was altered, and nobody has said so.</summary>
internal sealed class OpenAlterations() : FindingCheck("D02", Severity.Warning)
{
    public override void Run(CheckContext context)
    {
        bool any = false;
        foreach (TrackedTable table in context.Tables)
        {
            if (context.Watch.IsAltering(table))
            {
                any = true;
                context.Add(table.Name, null, 1, "an alteration was begun in this transaction and is not committed: the table is not captured by triggers",
                    CheckContext.Call("cloudsync_commit_alter", table.Name));
            }
            else if (context.Watch.State(table) == CaptureState.Grown)
            {
                any = true;
                context.Add(table.Name, null, 1, "columns were added without cloudsync_begin_alter: an update of one of them counts as one of all, and the rows"
                    + " that were there have no value of them to send", CheckContext.Call("cloudsync_init", table.Name));
            }
        }

        if (!any && context.Tables.Length > 0 && context.Catalog.All.All(table => table.Columns.Length > 0) && !context.Catalog.Schema.IsCurrent)
        {
            TrackedTable first = context.Tables[0];
            context.Add(null, null, 1, "the schema hash is not that of the tracked tables as they are: a table was altered without cloudsync_begin_alter, and"
                + " receivers compare an old hash", $"{CheckContext.Call("cloudsync_begin_alter", first.Name)}; {CheckContext.Call("cloudsync_commit_alter", first.Name)}");
        }
    }
}
