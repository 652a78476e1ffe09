namespace ChunkSync.Tests.Consistency;

/// <summary>Why clocks may not fit rows for a while. Everything else is a defect of the engine.</summary>
[Flags]
public enum Deviation
{
    None = 0,

    /// <summary>Rows were written while capture was off (<c>cloudsync_disable</c>): rows without clocks, clocks without rows.</summary>
    Disabled = 1,

    /// <summary>A table has, or had, a filter: rows that are outside, came in or went out have no clocks, some of them, or some that are left.
    /// Known by itself where the filter is set.</summary>
    Filter = 2,

    /// <summary>The time between <c>cloudsync_begin_alter</c> and <c>cloudsync_commit_alter</c>: no triggers, and clocks as before. Known by
    /// itself when the database runs both.</summary>
    Altering = 4,

    /// <summary>A table was altered without begin and commit: triggers and clocks fit the columns that it had before.</summary>
    PlainAlter = 8,

    /// <summary>A table was dropped, or rebuilt and not captured again: no triggers, and clocks of whatever was there.</summary>
    Rebuilt = 16,

    /// <summary>A trigger of the user's writes tracked tables during a merge, or keeps rows out of it: its writes are not captured.</summary>
    UserTrigger = 32,

    /// <summary>Columns of received rows have not all come. Known by itself from what is received; named where a file comes with them.</summary>
    ColumnsOnTheirWay = 64,

    /// <summary>The test damages metadata, or takes a database that another implementation left damaged: nothing is looked at.</summary>
    Damaged = 128,

    /// <summary>A table is being filled: as many rows as there were when that began may have no clocks. Known by itself.</summary>
    Pending = 512,

    /// <summary>A filter was written into the settings by hand: the triggers do not have it.</summary>
    SettingsByHand = 256,
}
