using ChunkSync.Tests.Host;
using Xunit.Abstractions;

namespace ChunkSync.Tests.Merge;

/// <summary>A disk that has room for some pages more, but fewer than the operation needs.</summary>
public class InterruptionDiskTests(ITestOutputHelper output)
{
    private const string Rows = "apply many rows";
    private const string Parts = "apply parts";

    private static readonly string[] Begins = ["", "BEGIN", "SAVEPOINT mine"];

    [Theory, Soak("disk-full")]
    [InlineData(Rows)]
    [InlineData(Parts)]
    [InlineData("INSERT INTO t WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 100) SELECT 'n' || i, i, 'some text' FROM n")]
    [InlineData("UPDATE t SET id = id || hex(zeroblob(400)), a = id || hex(zeroblob(400)), b = a")]
    [InlineData("INSERT OR FAIL INTO pair WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 100) SELECT 'v', i, 'new' FROM n")]
    public void Replica_is_whole_when_the_disk_is_full(string operation)
    {
        InterruptedState after = Undisturbed(operation, out long needed);
        Assert.InRange(needed, 1, 10_000);
        using Effort effort = Effort.Start("disk-full", output, sample: 9, cases: 5);
        while (effort.Next("disks"))
        {
            string begin = Begins[effort.Turn % Begins.Length];
            Check(operation, begin, effort.Turn < Begins.Length ? needed - 1 : effort.Random.NextInt64(needed), after);
        }
    }

    private static void Check(string operation, string begin, long room, InterruptedState after)
    {
        string when = $"{begin} {operation}, {room} pages";
        using TempFile file = InterruptedReplica.Copy();
        using Database database = InterruptedReplica.Open(file);
        InterruptedState before = InterruptedState.Of(database);
        database.Scalar($"PRAGMA max_page_count = {(long)database.Scalar("PRAGMA page_count")! + room}");
        database.Exec(begin);
        Exception? failure = Record.Exception(() => Do(database, operation));
        Assert.True(failure is SqlException { Code: 13 }, $"{when}: {failure}");
        Assert.Null(database.BusyStatement());
        bool open = database.InTransaction;
        Assert.False(open && begin.Length == 0, when + ": a transaction is open");
        InterruptedState failed = InterruptedState.Of(database);
        failed.AssertRowsHaveClocks(when);
        Assert.Equal("ok", database.Scalar("PRAGMA integrity_check"));
        if (operation is not (Rows or Parts))
        {
            Assert.Equal(before.ToString(), failed.ToString());
        }

        // Room again: the operation ends as if nothing had been.
        database.Scalar("PRAGMA max_page_count = 1000000");
        if (!open)
        {
            database.Exec(begin);
        }

        Do(database, operation);
        database.Exec(begin.Length == 0 ? "" : begin == "BEGIN" ? "COMMIT" : "RELEASE mine");
        Assert.False(database.InTransaction, when);
        InterruptedState repeated = InterruptedState.Of(database);
        failed.AssertEachIsFrom(before, after, positions: false, when);
        Assert.Equal(after.Describe(positions: false), repeated.Describe(positions: false));
    }

    private static void Do(Database database, string operation)
    {
        if (operation is Rows or Parts)
        {
            InterruptedReplica.Apply(database, operation == Rows ? InterruptedReplica.ManyRows : InterruptedReplica.Parts);
        }
        else
        {
            database.Exec(operation);
        }
    }

    private static InterruptedState Undisturbed(string operation, out long needed)
    {
        using TempFile file = InterruptedReplica.Copy();
        using Database database = InterruptedReplica.Open(file);
        long before = (long)database.Scalar("PRAGMA page_count")!;
        Do(database, operation);
        needed = (long)database.Scalar("PRAGMA page_count")! - before;
        return InterruptedState.Of(database);
    }
}
