using ChunkSync.Capture;
using ChunkSync.Catalog;
using ChunkSync.Sqlite;

namespace ChunkSync.Diagnostics;

/// <summary>D33: triggers of the user's that fire before the engine's, and leave a row that is written without being captured.</summary>
internal sealed class LateTriggers() : FindingCheck("D33", Severity.Warning)
{
    public override void Run(CheckContext context)
    {
        foreach (TrackedTable table in context.Tables)
        {
            if (table.Tree != null || table.TreeOfLog != null)
            {
                continue;
            }

            foreach ((string name, string text) in TriggerOrder.Late(table.Name, context.TriggersOf(table).Select(trigger => (trigger.Name, trigger.Sql))))
            {
                if (new TriggerSql(text).KeepsRow)
                {
                    context.Add(table.Name, name, 1, $"trigger {name} is younger than the engine's, fires before them, and raises IGNORE or FAIL: the row stays as it was written, and"
                        + " is not captured. A repeated cloudsync_init makes the engine's fire first", $"SELECT cloudsync_init({Connection.Literal(table.Name)})");
                }
            }
        }
    }
}
