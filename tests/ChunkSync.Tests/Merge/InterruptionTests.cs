using ChunkSync.Tests.Host;
using Xunit.Abstractions;

namespace ChunkSync.Tests.Merge;

/// <summary>An operation that is interrupted wherever SQLite can be interrupted leaves no transaction, no half row, and nothing that
/// would keep a repeat from ending where an undisturbed run ends.</summary>
public class InterruptionTests(ITestOutputHelper output)
{
    private const string Rows = InterruptedOperation.Rows;
    private const string Parts = InterruptedOperation.Parts;

    /// <summary>How many points of an operation are tried in a sample.</summary>
    private const int Tries = 6;

    public static TheoryData<string, StepFaultKind> Operations
    {
        get
        {
            TheoryData<string, StepFaultKind> data = [];
            foreach (StepFaultKind kind in Enum.GetValues<StepFaultKind>())
            {
                foreach (string operation in (string[])[Rows, Parts, .. Writes])
                {
                    data.Add(operation, kind);
                }
            }

            return data;
        }
    }

    private static string[] Writes { get; } =
    [
        "INSERT INTO t VALUES ('n1', 1, 1), ('n2', 2, 2), ('own3', 3, 3)",
        "INSERT OR REPLACE INTO t VALUES ('k1', 1, 1), ('n2', 2, 2), ('own3', 3, 3)",
        "UPDATE t SET a = id, b = a WHERE id <> 'k4'",
        "UPDATE t SET id = id || 'x', b = 7",
        "DELETE FROM t WHERE id <> 'own1'",
        "INSERT INTO pair VALUES ('new', 1, 'x'), ('new', 2, 'x') ON CONFLICT(x, y) DO UPDATE SET v = excluded.v",
    ];

    [Theory, Soak("interruption-alone", Weight = 2)]
    [MemberData(nameof(Operations))]
    public void Replica_is_whole_when_an_operation_is_interrupted_anywhere(string operation, StepFaultKind kind)
    {
        InterruptedOperation run = new(operation);
        using Effort effort = Effort.Start("interruption-alone", output, Tries, cases: Operations.Count);
        Each(effort, run.Points, point => InterruptAlone(run, point, kind));
    }

    [Theory, Soak("interruption-inside")]
    [InlineData(Rows, "BEGIN", StepFaultKind.Once)]
    [InlineData(Rows, "BEGIN", StepFaultKind.FromThereOn)]
    [InlineData(Rows, "BEGIN", StepFaultKind.Interrupt)]
    [InlineData(Rows, "SAVEPOINT mine", StepFaultKind.Once)]
    [InlineData(Rows, "SAVEPOINT mine", StepFaultKind.Interrupt)]
    [InlineData(Rows, "BEGIN IMMEDIATE; INSERT INTO t VALUES ('caller', 1, 1)", StepFaultKind.Once)]
    [InlineData(Rows, "BEGIN IMMEDIATE; INSERT INTO t VALUES ('caller', 1, 1)", StepFaultKind.Interrupt)]
    [InlineData(Parts, "BEGIN", StepFaultKind.Once)]
    [InlineData(Parts, "SAVEPOINT mine", StepFaultKind.FromThereOn)]
    [InlineData(Parts, "SAVEPOINT mine", StepFaultKind.Interrupt)]
    [InlineData("UPDATE t SET id = id || 'x', b = 7", "SAVEPOINT mine", StepFaultKind.Once)]
    [InlineData("UPDATE t SET id = id || 'x', b = 7", "BEGIN; INSERT INTO t VALUES ('caller', 1, 1)", StepFaultKind.Interrupt)]
    public void Caller_keeps_a_whole_transaction_or_none_when_an_operation_in_it_is_interrupted(
        string operation, string begin, StepFaultKind kind)
    {
        InterruptedOperation run = new(operation, begin);
        using Effort effort = Effort.Start("interruption-inside", output, Tries, cases: 12);
        Each(effort, run.Points, point => effort.Add("kept_open", InterruptInside(run, point, kind) ? 1 : 0));
    }

    [Theory, Soak("interruption-scan")]
    [InlineData(StepFaultKind.Once)]
    [InlineData(StepFaultKind.FromThereOn)]
    [InlineData(StepFaultKind.Interrupt)]
    public void Scan_gives_the_same_pages_again_when_it_is_interrupted(StepFaultKind kind)
    {
        using TempFile file = InterruptedReplica.Copy();
        using Database database = InterruptedReplica.Open(file);
        database.Exec("INSERT INTO t VALUES ('long', " + InterruptedReplica.LongValue + ", 1)");
        string undisturbed = InterruptedReplica.Scan(database);
        long points = StepFault.Count(database, () => InterruptedReplica.Scan(database));
        using Effort effort = Effort.Start("interruption-scan", output, Tries, cases: 3);
        Each(effort, points, point =>
        {
            // Every other point on a connection that has read nothing yet: reading metadata is interrupted there.
            using Database fresh = InterruptedReplica.Open(file);
            Database reader = point % 2 == 0 ? fresh : database;
            Fail(reader, point, kind, () => InterruptedReplica.Scan(reader));
            AssertIdle(reader, "scan, point " + point);
            Assert.Equal(undisturbed, InterruptedReplica.Scan(reader));
        });
    }

    private static void InterruptAlone(InterruptedOperation run, long point, StepFaultKind kind)
    {
        string when = $"{run.Operation}, {kind}, point {point} of {run.Points}";
        using TempFile file = InterruptedReplica.Copy();
        using Database database = InterruptedReplica.Open(file);
        if (!Fail(database, point, kind, () => run.Do(database)))
        {
            return;
        }

        AssertIdle(database, when);
        Assert.False(database.InTransaction, when + ": a transaction is open");
        InterruptedState failed = InterruptedState.Of(database);
        failed.AssertRowsHaveClocks(when);
        failed.AssertEachIsFrom(run.Before, run.After, positions: true, when);
        Assert.Equal("ok", database.Scalar("PRAGMA integrity_check"));
        bool untouched = failed.ToString() == run.Before.ToString();
        if (!untouched && !run.IsApply)
        {
            // The progress handler is asked once more when a statement has ended, and can make SQLite report a failure then.
            Assert.Equal(run.After.ToString(), failed.ToString());
            return;
        }

        run.Do(database);
        AssertDone(database, run, positions: untouched, when);
    }

    /// <returns>Whether the caller's transaction was still open after the failure.</returns>
    private static bool InterruptInside(InterruptedOperation run, long point, StepFaultKind kind)
    {
        string when = $"{run.Begin}; {run.Operation}, {kind}, point {point} of {run.Points}";
        using TempFile file = InterruptedReplica.Copy();
        using Database database = InterruptedReplica.Open(file);
        database.Exec(run.Begin!);
        if (!Fail(database, point, kind, () => run.Do(database)))
        {
            return true;
        }

        AssertIdle(database, when);
        bool open = database.InTransaction;
        InterruptedState failed = InterruptedState.Of(database);
        failed.AssertRowsHaveClocks(when);
        Assert.Equal("ok", database.Scalar("PRAGMA integrity_check"));
        foreach (string savepoint in (string[])["chunksync_apply", "chunksync_fragment"])
        {
            Assert.True(Record.Exception(() => database.Exec("RELEASE " + savepoint)) is SqlException, $"{when}: {savepoint} is open");
        }

        if (open && failed.ToString() == run.Ended!.ToString() && !run.IsApply)
        {
            return true;
        }

        if (open)
        {
            failed.AssertEachIsFrom(run.Begun!, run.After, positions: false, when);
        }
        else
        {
            // What SQLite does with an interrupted write, it did: everything is as before the caller began.
            Assert.Equal(run.Before.ToString(), failed.ToString());
            database.Exec(run.Begin!);
        }

        run.Do(database);
        database.Exec(run.End);
        Assert.False(database.InTransaction, when);
        AssertDone(database, run, positions: !open, when);
        return open;
    }

    private static void AssertDone(Database database, InterruptedOperation run, bool positions, string when)
    {
        InterruptedState repeated = InterruptedState.Of(database);
        Assert.True(
            repeated.Describe(positions) == run.After.Describe(positions),
            $"{when}: repeated\n{repeated}\nundisturbed\n{run.After}");
        Assert.False(database.InTransaction, when + ": a transaction is open");
        long newest = (long)database.Scalar(
            "SELECT max(v) FROM (SELECT max(db_version) AS v FROM t_cloudsync UNION ALL SELECT max(db_version) FROM pair_cloudsync"
            + " UNION ALL SELECT max(db_version) FROM flag_cloudsync)")!;
        long clock = (long)database.Scalar("SELECT cloudsync_db_version()")!;
        Assert.True(clock >= newest, $"{when}: the clock stands at {clock}, behind {newest}");
    }

    /// <summary>After every call, failed or not, nothing of the engine's is under way.</summary>
    private static void AssertIdle(Database database, string when) =>
        Assert.True(database.BusyStatement() == null, $"{when}: a statement is open: {database.BusyStatement()}");

    /// <returns>False when the operation ended before the point.</returns>
    private static bool Fail(Database database, long point, StepFaultKind kind, Action operation)
    {
        using StepFault fault = new(database, point, kind);
        try
        {
            operation();
        }
        catch (SqlException failure)
        {
            Assert.True(fault.Fired, failure.Message);

            // What was interrupted says so; what was rolled back under a statement says that.
            Assert.True(failure.Code is 9 or 4, failure.Message);
            return true;
        }

        return false;
    }

    /// <summary>Tries the last point, where the commit is, then some at about an even distance, then any.</summary>
    private static void Each(Effort effort, long points, Action<long> interrupt)
    {
        long stride = Math.Max(1, points / (Tries - 1));
        while (effort.Next("points"))
        {
            long start = effort.Turn < Tries ? stride * (effort.Turn - 1) : effort.Random.NextInt64(points);
            interrupt(effort.Turn == 0 ? points : Math.Min(points, 1 + start + effort.Random.NextInt64(stride)));
        }
    }
}
