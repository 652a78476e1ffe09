using ChunkSync.Catalog;

namespace ChunkSync.Diagnostics;

/// <summary>D01: some of a table's triggers are missing or capture something else.</summary>
internal sealed class ChangedTriggers() : FindingCheck("D01", Severity.Error)
{
    public override void Run(CheckContext context)
    {
        foreach (TrackedTable table in context.Tables)
        {
            if (context.Watch.IsAltering(table) || (context.Watch.State(table) != CaptureState.Lost && OwnTriggers.Idle(context, table) == null))
            {
                continue;
            }

            HashSet<string> present = OwnTriggers.Present(context, table);
            List<string> wanted = OwnTriggers.Wanted(table);
            if (present.Count == 0)
            {
                // All of them: the table was rebuilt.
                continue;
            }

            string? missing = wanted.Find(name => !present.Contains(AsciiLower(name)));
            string? key = missing ?? OwnTriggers.Idle(context, table) ?? wanted.FirstOrDefault();
            context.Add(table.Name, key, 1, missing != null
                ? $"trigger {missing} is missing: not every change of the table is captured"
                : "the triggers of the table capture other columns than it has, or do not capture", CheckContext.Call("cloudsync_recapture", table.Name));
        }
    }

    private static string AsciiLower(string name) => Sqlite.AsciiNames.Lower(name);
}
