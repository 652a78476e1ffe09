using ChunkSync.Catalog;

namespace ChunkSync.Diagnostics;

/// <summary>D20: triggers of the user's that write tracked tables in a merge, too: every replica writes what the others have written already.</summary>
internal sealed class EchoingTriggers() : FindingCheck("D20", Severity.Warning)
{
    public override void Run(CheckContext context)
    {
        foreach (TrackedTable table in context.Tables)
        {
            foreach (SchemaObject trigger in OwnTriggers.OfUser(context, table))
            {
                if (new TriggerSql(trigger.Sql) is { AsksForMerge: false } sql && sql.Written().FirstOrDefault(name => context.Catalog.Find(name) != null) is string written)
                {
                    context.Add(table.Name, trigger.Name, 1, $"trigger {trigger.Name} writes {written}, which is tracked, and does not ask cloudsync_is_sync: it fires in merges, and"
                        + " every replica adds its own write to the one that it received", sql.WithQuestion(trigger.Name, table.Name));
                }
            }
        }
    }
}
