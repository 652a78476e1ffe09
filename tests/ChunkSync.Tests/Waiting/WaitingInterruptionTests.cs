using ChunkSync.Tests.Host;
using Xunit.Abstractions;

namespace ChunkSync.Tests.Waiting;

/// <summary>A call that sets changes aside, and one that tries them again, happen as a whole or not at all.</summary>
public sealed class WaitingInterruptionTests(ITestOutputHelper output)
{
    private const string Apply = "SELECT cloudsync_payload_apply(?1)";
    private const string Retry = "SELECT ?1 IS NULL, cloudsync_waiting_retry()";
    private const string Overrule = "SELECT ?1 IS NULL, cloudsync_waiting_drop('t', NULL, 'overrule')";
    private const int Tries = 10;

    /// <summary>Values that move and collide, a trigger that leaves traces, a parent that is missing.</summary>
    private const string Schema = """
        CREATE TABLE t(id TEXT PRIMARY KEY NOT NULL, a UNIQUE, p TEXT REFERENCES t(id)); SELECT cloudsync_init('t');
        CREATE TABLE log(x); CREATE TRIGGER no AFTER INSERT ON t WHEN new.a = 'no' BEGIN INSERT INTO log VALUES (1); SELECT RAISE(FAIL, 'no'); END;
        PRAGMA foreign_keys = ON;
        """;

    [Theory, Soak("waiting-interruptions")]
    [InlineData(Apply, StepFaultKind.Once)]
    [InlineData(Apply, StepFaultKind.FromThereOn)]
    [InlineData(Apply, StepFaultKind.Interrupt)]
    [InlineData(Retry, StepFaultKind.Once)]
    [InlineData(Retry, StepFaultKind.Interrupt)]
    [InlineData(Overrule, StepFaultKind.Once)]
    public void State_is_that_of_before_or_after_when_a_call_is_interrupted_anywhere(string call, StepFaultKind kind)
    {
        byte[] payload = Payload();
        (string before, string after, long points) = Undisturbed(call, payload);
        using Effort effort = Effort.Start("waiting-interruptions", output, Tries, cases: 6);
        while (effort.Next("points"))
        {
            long point = effort.Random.NextInt64(1, points + 1);
            using Database database = Receiver(call, payload);
            (string? failure, string state) = Disturbed(database, call, payload, point, kind);
            Assert.True(state == before || state == after, $"point {point} of {points}, {kind}, {failure}:\n{state}\n--- before\n{before}\n--- after\n{after}");
            Assert.False(database.InTransaction);
            Assert.Equal(0L, database.Scalar("PRAGMA defer_foreign_keys"));
            Assert.Equal(0L, database.Scalar("PRAGMA ignore_check_constraints"));
            if (failure != null && state == before)
            {
                database.Query(call, payload);
                Assert.Equal(after, State(database));
            }
        }
    }

    [Theory]
    [InlineData(StepFaultKind.Once)]
    [InlineData(StepFaultKind.Interrupt)]
    public void State_is_that_of_before_or_after_when_a_call_is_interrupted_while_statements_are_prepared_anew(StepFaultKind kind)
    {
        byte[] payload = Payload();
        (string before, string after, long points) = Undisturbed(Apply, payload, onlyWhileWriterStands: true);
        output.WriteLine($"{points} points");

        // The first ones lie around the switch that ends a circle: a failure there was not heard, and what waits was written without a transaction.
        for (long point = 1; point <= points; point += point < 120 || Share.IsWhole ? 1 : 16)
        {
            using Database database = Receiver(Apply, payload);
            (string? failure, string state) = Disturbed(database, Apply, payload, point, kind, onlyWhileWriterStands: true);
            Assert.True(state == before || state == after, $"point {point} of {points}, {kind}, {failure}:\n{state}\n--- before\n{before}\n--- after\n{after}");
            Assert.False(database.InTransaction);
        }
    }

    [Fact]
    public void Failure_says_interrupted_when_a_call_is_stopped_at_a_refused_row()
    {
        using Database sender = RefusingReplica.Open("CREATE TABLE t(id TEXT PRIMARY KEY NOT NULL, a); SELECT cloudsync_init('t'); INSERT INTO t VALUES ('1', 'x')");
        using Database receiver = RefusingReplica.Open("CREATE TABLE t(id TEXT PRIMARY KEY NOT NULL, a UNIQUE); SELECT cloudsync_init('t'); INSERT INTO t VALUES ('m', 'x')");
        RefusingReplica.Apply(receiver, RefusingReplica.Payload(sender)!);
        Assert.Single(RefusingReplica.Waiting(receiver));
        long points = StepFault.Count(receiver, () => receiver.Query("SELECT cloudsync_waiting_retry()"));
        for (long point = 1; point <= points; point++)
        {
            using StepFault fault = new(receiver, point, StepFaultKind.Once);
            try
            {
                receiver.Query("SELECT cloudsync_waiting_retry()");
            }
            catch (SqlException caught)
            {
                Assert.StartsWith("interrupted", caught.Text, StringComparison.Ordinal);
            }
        }
    }

    /// <summary>The states before and after a call that nothing disturbs, and the points at which it can be interrupted.</summary>
    private static (string Before, string After, long Points) Undisturbed(string call, byte[] payload, bool onlyWhileWriterStands = false)
    {
        using Database database = Receiver(call, payload);
        string before = State(database);
        long points = StepFault.Count(database, () => database.Query(call, payload), onlyWhileWriterStands);
        string after = State(database);
        Assert.NotEqual(before, after);
        return (before, after, points);
    }

    /// <summary>What a call says that is interrupted at a point, null where it succeeds, and the state behind it.</summary>
    private static (string? Failure, string State) Disturbed(
        Database database, string call, byte[] payload, long point, StepFaultKind kind, bool onlyWhileWriterStands = false)
    {
        string? failure = null;
        using (new StepFault(database, point, kind, onlyWhileWriterStands))
        {
            try
            {
                database.Query(call, payload);
            }
            catch (SqlException caught)
            {
                failure = caught.Text;
            }
        }

        return (failure, State(database));
    }

    private static byte[] Payload()
    {
        using Database sender = RefusingReplica.Open("CREATE TABLE t(id TEXT PRIMARY KEY NOT NULL, a, p TEXT); SELECT cloudsync_init('t');");
        sender.Exec("INSERT INTO t VALUES ('1', 'y', NULL), ('2', 'x', NULL), ('3', 'mine', NULL), ('4', 'no', NULL), ('5', 'five', 'gone'), ('6', 'six', '7'),"
            + " ('7', 'seven', '6')");
        return RefusingReplica.Payload(sender)!;
    }

    private static Database Receiver(string call, byte[] payload)
    {
        Database receiver = RefusingReplica.Open(Schema + "SELECT cloudsync_set('skip_schema_hash_check', 1)");
        receiver.Exec("INSERT INTO t VALUES ('m', 'mine', NULL), ('1', 'x', NULL), ('2', 'y', NULL)");
        if (call != Apply)
        {
            RefusingReplica.Apply(receiver, payload);
            Assert.Equal(4, RefusingReplica.Waiting(receiver).Length);
            receiver.Exec("DELETE FROM t WHERE id = 'm'; DROP TRIGGER no");
        }

        return receiver;
    }

    private static string State(Database database) => string.Join("\n",
    [
        .. RefusingReplica.Read(database, "SELECT * FROM t ORDER BY id"), .. RefusingReplica.Waiting(database),
        .. RefusingReplica.Read(database, "SELECT hex(pk), col_name, col_version FROM t_cloudsync ORDER BY 1, 2"),
        .. RefusingReplica.Read(database, "SELECT count(*) FROM log"),
        .. (long)database.Scalar("SELECT count(*) FROM sqlite_master WHERE name = 'cloudsync_waiting_sites'")! == 0 ? []
            : RefusingReplica.Read(database, "SELECT hex(origin), changes, bytes FROM cloudsync_waiting_sites"),
    ]);
}
