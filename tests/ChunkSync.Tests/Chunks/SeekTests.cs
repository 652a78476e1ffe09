using System.Runtime.InteropServices;
using ChunkSync.Tests.Host;
using Xunit.Abstractions;

namespace ChunkSync.Tests.Chunks;

/// <summary>Resuming is a seek: counted in steps of SQLite's virtual machine, not in seconds.</summary>
public unsafe class SeekTests(ITestOutputHelper output)
{
    private static long steps;

    [Fact]
    public void Page_takes_the_same_steps_when_it_lies_early_or_late_in_one_transaction()
    {
        using Database small = Fill(25_000);
        using Database large = Fill(50_000);
        long[] early = [.. ((double[])[0.01, 0.5, 0.9]).Select(at => Steps(small, 25_000, at))];
        long[] late = [.. ((double[])[0.01, 0.5, 0.94]).Select(at => Steps(large, 50_000, at))];
        output.WriteLine($"VM steps per 1,000 rows of a page: 50,000 changes {string.Join(" ", early)}; 100,000 changes {string.Join(" ", late)}");
        long[] all = [.. early, .. late];
        Assert.True(all.Max() <= 1.05 * all.Min(), $"from {all.Min()} to {all.Max()} steps");
    }

    [Fact]
    public void Part_takes_the_same_steps_when_it_lies_early_or_late_in_a_long_value()
    {
        using Database database = Database.Open();
        database.Exec("CREATE TABLE t(id TEXT PRIMARY KEY NOT NULL, a); SELECT cloudsync_init('t'); INSERT INTO t VALUES ('x', zeroblob(64 << 20))");
        List<long> counts = [];
        ChunkRow page = ChunkRow.Read(database, [("since_db_version", 0), ("max_chunk_size", 262_144)], onlyFirst: true)[0];
        while (!page.IsFinal)
        {
            counts.Add(Count(database, () => page = ChunkRow.Read(database, page.Resume([("max_chunk_size", 262_144)]), onlyFirst: true)[0]));
        }

        output.WriteLine($"{counts.Count} parts of a 64 MiB value, VM steps from {counts.Min()} to {counts.Max()}");
        Assert.True(counts.Count > 250);
        Assert.True(counts.Max() <= 1.5 * counts.Min() + 40, $"from {counts.Min()} to {counts.Max()} steps");
    }

    private static Database Fill(int rows)
    {
        Database database = Database.Open();
        database.Exec("CREATE TABLE t(id TEXT PRIMARY KEY NOT NULL, a, b); SELECT cloudsync_init('t');"
            + $" WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {rows}) INSERT INTO t SELECT printf('%08d', i), i, 'v' FROM n");
        return database;
    }

    private static long Steps(Database database, int inserted, double at)
    {
        long seq = (long)(2 * inserted * at);
        (string, object?)[] inputs = [("resume_db_version", 1), ("resume_seq", seq), ("until_db_version", 1), ("max_chunk_size", 262_144)];
        ChunkRow.Read(database, inputs, onlyFirst: true);
        long rows = 0;
        long count = Count(database, () => rows = ChunkRow.Read(database, inputs, onlyFirst: true)[0].Rows);

        // Numbers take more bytes later in the window, so that a page has fewer rows: what is equal is the work per row.
        Assert.True(rows > 3000);
        return 1000 * count / rows;
    }

    private static long Count(Database database, Action body)
    {
        steps = 0;
        NativeSqlite.ProgressHandler(database.Handle, 1, &Step, 0);
        body();
        NativeSqlite.ProgressHandler(database.Handle, 0, null, 0);
        return steps;
    }

    [UnmanagedCallersOnly]
    private static int Step(nint argument)
    {
        steps++;
        return 0;
    }
}
