using ChunkSync.Catalog;

namespace ChunkSync.Diagnostics;

/// <summary>D03: a clock table has no index by position, as in a file that sqlite-sync made: every page of a drain sorts.</summary>
internal sealed class MissingPositionIndex() : FindingCheck("D03", Severity.Warning)
{
    public override void Run(CheckContext context)
    {
        foreach (TrackedTable table in context.Tables.Where(table => table.PositionIndex == null))
        {
            context.Add(table.Name, null, 1, $"{table.ClockName} has no index by position: every page of changes is sorted", CheckContext.Call("cloudsync_init", table.Name));
        }
    }
}
