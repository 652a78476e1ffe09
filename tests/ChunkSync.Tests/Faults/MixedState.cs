using ChunkSync.Tests.Host;
using ChunkSync.Tests.Merge;

namespace ChunkSync.Tests.Faults;

/// <summary>Everything that a database of the fault mix holds: the tables that are synchronised cell by cell, and all others as
/// text.</summary>
internal sealed class MixedState
{
    private readonly InterruptedState cells;
    private readonly string others;
    private readonly string clock;

    private MixedState(InterruptedState cells, string others, string clock) => (this.cells, this.others, this.clock) = (cells, others, clock);

    /// <summary>Reads it.</summary>
    public static MixedState Of(Database database)
    {
        using IDisposable pause = database.PauseChecks();
        List<string> lines = [];
        foreach (object?[] row in database.Query("SELECT type, name, sql FROM sqlite_master ORDER BY type, name"))
        {
            lines.Add(string.Join(" ", row.Select(FixtureValues.Describe)));
        }

        string[] clocked = [.. database.Query("SELECT name FROM sqlite_master WHERE type = 'table' AND (name = 'w' OR name = 'f' OR name GLOB 'later*')"
            + " AND name NOT GLOB '*_cloudsync*' ORDER BY name").Select(row => (string)row[0]!)];
        foreach (string table in clocked)
        {
            Add(database, lines, table, $"SELECT * FROM {table} ORDER BY id");
            if (database.Scalar("SELECT 1 FROM sqlite_master WHERE name = ?", table + "_cloudsync") != null)
            {
                Add(database, lines, table, $"SELECT hex(pk), col_name, col_version, site_id, db_version, seq FROM {table}_cloudsync ORDER BY 1, 2");
            }
        }

        Add(database, lines, "table setting", "SELECT * FROM cloudsync_table_settings ORDER BY 1, 2, 3");
        if (database.Scalar("SELECT 1 FROM sqlite_master WHERE name = 'cloudsync_receive_ranges'") != null)
        {
            Add(database, lines, "range", "SELECT * FROM cloudsync_receive_ranges ORDER BY 1, 2, 3, 4");
        }

        return new MixedState(InterruptedState.Of(database), string.Join("\n", lines), $"clock: {database.Scalar("SELECT cloudsync_db_version()")}");
    }

    /// <summary>Whether two states are the same.</summary>
    /// <param name="other">The other one.</param>
    /// <param name="positions">Whether db_version and seq count, and with them what the clock says.</param>
    public bool Is(MixedState other, bool positions) =>
        cells.Describe(positions) == other.cells.Describe(positions) && others == other.others && (!positions || clock == other.clock);

    /// <summary>Every cell is, with its clock, that of one of two states; nothing else has changed.</summary>
    public void AssertEachIsFrom(MixedState before, MixedState after, string when) =>
        cells.AssertEachIsFrom(before.cells, after.cells, positions: false, when);

    /// <summary>What differs, for a report.</summary>
    public string Beside(MixedState other)
    {
        string[] here = ToString().Split('\n');
        string[] there = other.ToString().Split('\n');
        return $"\n  here   {string.Join("\n         ", here.Except(there))}\n  there  {string.Join("\n         ", there.Except(here))}";
    }

    public override string ToString() => cells + "\n" + others + "\n" + clock;

    private static void Add(Database database, List<string> lines, string what, string sql)
    {
        foreach (object?[] row in database.Query(sql))
        {
            lines.Add(what + ": " + string.Join(" ", row.Select(FixtureValues.Describe)));
        }
    }
}
