using ChunkSync.Catalog;

namespace ChunkSync.Diagnostics;

/// <summary>D15: foreign keys that are checked at once, while a refused change stops an apply.</summary>
internal sealed class ImmediateReferences() : FindingCheck("D15", Severity.Warning)
{
    public override void Run(CheckContext context)
    {
        if (!context.StopsApply || context.Connection.Integer("PRAGMA foreign_keys") == 0)
        {
            return;
        }

        foreach (TrackedTable table in context.Tables)
        {
            long keys = context.Rows("SELECT count(DISTINCT id) FROM pragma_foreign_key_list(?1, 'main')", table.Name)[0][0] is long count ? count : 0;
            long deferred = keys == 0 ? 0 : SqlPattern.Count(context.CreateTable(table), "INITIALLY", "DEFERRED");
            if (keys > deferred)
            {
                context.Add(table.Name, null, keys - deferred, "foreign keys are on and checked at once, and setting apply_refused does not say 'wait': a child that arrives in"
                    + " an earlier payload than its parent stops cloudsync_payload_apply. Declare them DEFERRABLE INITIALLY DEFERRED, or let refused changes wait",
                    "SELECT cloudsync_set('apply_refused', 'wait')");
            }
        }
    }
}
