using ChunkSync.Catalog;

namespace ChunkSync.Diagnostics;

/// <summary>D21: triggers of the user's that refuse writes, those of a merge as well.</summary>
internal sealed class RaisingTriggers() : FindingCheck("D21", Severity.Info)
{
    public override void Run(CheckContext context)
    {
        foreach (TrackedTable table in context.Tables)
        {
            foreach (SchemaObject trigger in OwnTriggers.OfUser(context, table))
            {
                if (new TriggerSql(trigger.Sql) is { AsksForMerge: false, Raises: true } sql && !sql.Written().Any(name => context.Catalog.Find(name) != null))
                {
                    context.Add(table.Name, trigger.Name, 1, $"trigger {trigger.Name} raises and does not ask cloudsync_is_sync: received changes that it refuses do not fit here",
                        sql.WithQuestion(trigger.Name, table.Name));
                }
            }
        }
    }
}
