using ChunkSync.Sqlite;

namespace ChunkSync.Backfill;

/// <summary>The failures of a plan: all of them name the table of SQL.</summary>
internal static class PlanFailure
{
    /// <summary>What stands before every text.</summary>
    public const string Name = "cloudsync_backfill_plan";

    /// <summary>An input that is refused, or a table that cannot be planned.</summary>
    public static EngineException Of(string text) => Errors.Refused(Name + ": " + text);
}
