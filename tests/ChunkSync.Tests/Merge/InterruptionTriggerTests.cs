using ChunkSync.Tests.Host;
using Xunit.Abstractions;

namespace ChunkSync.Tests.Merge;

/// <summary>Triggers of the user's that stop the write of one row: an error, which ends the operation, or RAISE(IGNORE), which
/// silently leaves the row as it is.</summary>
public class InterruptionTriggerTests(ITestOutputHelper output)
{
    private static readonly Lazy<InterruptedState> Before = new(() => Undisturbed(_ => { }));

    private static readonly Lazy<InterruptedState> Applied = new(
        () => Undisturbed(database => InterruptedReplica.Apply(database, InterruptedReplica.Rows)));

    private static readonly string[] Actions = ["ABORT, 'stop'", "FAIL, 'stop'", "ROLLBACK, 'stop'", "IGNORE"];

    public static TheoryData<string, string> EventsAndActions
    {
        get
        {
            TheoryData<string, string> data = [];
            foreach (string action in Actions)
            {
                foreach (string time in (string[])["BEFORE", "AFTER"])
                {
                    foreach (string write in (string[])["INSERT", "UPDATE", "DELETE"])
                    {
                        data.Add(time + " " + write, action);
                    }
                }
            }

            return data;
        }
    }

    [Theory]
    [MemberData(nameof(EventsAndActions))]
    public void Payload_leaves_no_half_row_when_a_trigger_stops_one(string when, string action)
    {
        // Which row meets which kind of transaction changes with the seed.
        string[] begins = ["", "BEGIN", "SAVEPOINT mine"];
        int shift = Seed.Next(output) % begins.Length;
        foreach (int k in Share.Of(Enumerable.Range(1, 7), parts: 3))
        {
            StopApply(when, action, begins[(k + shift) % begins.Length], "k" + k);
        }
    }

    [Theory]
    [InlineData("INSERT INTO t VALUES ('n1', 1, 1), ('n2', 2, 2), ('n3', 3, 3)", "INSERT", "n1 n2 n3")]
    [InlineData("UPDATE t SET a = 'new'", "UPDATE", "k1 k3 k6 own1")]
    [InlineData("DELETE FROM t", "DELETE", "k1 k3 k6 own1")]
    public void Statement_leaves_no_half_row_when_a_trigger_before_it_stops_one(string sql, string write, string keys)
    {
        foreach (string action in Actions)
        {
            foreach (string key in keys.Split(' '))
            {
                StopStatement(sql, $"BEFORE {write}", action, key);
            }
        }
    }

    [Theory]
    [InlineData("ABORT, 'stop'")]
    [InlineData("ROLLBACK, 'stop'")]
    public void Statement_leaves_no_half_row_when_a_trigger_behind_it_stops_one(string action)
    {
        StopStatement("INSERT INTO t VALUES ('n1', 1, 1), ('n2', 2, 2)", "AFTER INSERT", action, "n2");
        StopStatement("UPDATE t SET a = 'new'", "AFTER UPDATE", action, "k3");
        StopStatement("DELETE FROM t", "AFTER DELETE", action, "k3");
    }

    /// <summary>SQLite runs the trigger that was made last first, and FAIL and IGNORE keep the row while they skip the triggers
    /// behind: ours never runs then, and nothing of ours can know. The next init finds the row.</summary>
    [Theory]
    [InlineData("FAIL, 'stop'")]
    [InlineData("IGNORE")]
    public void Row_is_found_by_recapture_when_a_later_trigger_kept_it_from_capture(string action)
    {
        using TempFile file = InterruptedReplica.Copy();
        using Database database = InterruptedReplica.Open(file);
        database.Exec(Trigger("AFTER INSERT", action, "n1"));
        _ = Record.Exception(() => database.Exec("INSERT INTO t VALUES ('n1', 1, 1)"));
        Assert.Equal(1L, database.Scalar("SELECT count(*) FROM t WHERE id = 'n1'"));
        Assert.Equal(2L, database.Scalar("SELECT cloudsync_recapture('t')"));
        InterruptedState.Of(database).AssertRowsHaveClocks(action);
    }

    private static string Trigger(string when, string action, string key) =>
        $"CREATE TRIGGER stop {when} ON t WHEN {(when.EndsWith("DELETE", StringComparison.Ordinal) ? "OLD" : "NEW")}.id = '{key}'"
        + $" BEGIN SELECT RAISE({action}); END";

    private static void StopApply(string when, string action, string begin, string key)
    {
        string what = $"{begin} apply, {when}, {action}, {key}";
        using TempFile file = InterruptedReplica.Copy();
        using Database database = InterruptedReplica.Open(file);
        InterruptedState after = Applied.Value;
        database.Exec(Trigger(when, action, key));
        database.Exec(begin);
        Exception? failure = Record.Exception(() => InterruptedReplica.Apply(database, InterruptedReplica.Rows));
        Assert.True(failure is null or SqlException { Code: 19 or 4 }, failure?.ToString());
        Assert.Null(database.BusyStatement());
        if (database.InTransaction)
        {
            Assert.True(begin.Length > 0, what + ": a transaction is open");
            database.Exec(begin == "BEGIN" ? "COMMIT" : "RELEASE mine");
            Assert.False(database.InTransaction, what + ": a savepoint is open");
        }

        InterruptedState stopped = InterruptedState.Of(database);
        stopped.AssertRowsHaveClocks(what);
        stopped.AssertEachIsFrom(Before.Value, after, positions: false, what);
        Assert.Equal("ok", database.Scalar("PRAGMA integrity_check"));
        database.Exec("DROP TRIGGER stop");
        InterruptedReplica.Apply(database, InterruptedReplica.Rows);
        Assert.Equal(after.Describe(positions: false), InterruptedState.Of(database).Describe(positions: false));
    }

    private static void StopStatement(string sql, string when, string action, string key)
    {
        string what = $"{sql}, {when}, {action}, {key}";
        using TempFile file = InterruptedReplica.Copy();
        using Database database = InterruptedReplica.Open(file);
        InterruptedState before = InterruptedState.Of(database);
        InterruptedState after = Undisturbed(undisturbed => undisturbed.Exec(sql));
        database.Exec(Trigger(when, action, key));
        Exception? failure = Record.Exception(() => database.Exec(sql));
        Assert.True(action == "IGNORE" ? failure == null : failure is SqlException { Code: 19 }, what + ": " + failure);
        Assert.False(database.InTransaction, what + ": a transaction is open");
        Assert.Null(database.BusyStatement());
        InterruptedState stopped = InterruptedState.Of(database);
        stopped.AssertRowsHaveClocks(what);
        Assert.Equal("ok", database.Scalar("PRAGMA integrity_check"));
        if (action[0] is 'A' or 'R')
        {
            Assert.Equal(before.ToString(), stopped.ToString());
            database.Exec("DROP TRIGGER stop; " + sql);
            Assert.Equal(after.ToString(), InterruptedState.Of(database).ToString());
        }
        else
        {
            // The rows before the k-th stay; positions are those of the undisturbed run only without a hole before them.
            stopped.AssertEachIsFrom(before, after, positions: false, what);
        }
    }

    private static InterruptedState Undisturbed(Action<Database> operation)
    {
        using TempFile file = InterruptedReplica.Copy();
        using Database database = InterruptedReplica.Open(file);
        operation(database);
        return InterruptedState.Of(database);
    }
}
