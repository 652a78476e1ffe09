using ChunkSync.Tests.Consistency;
using ChunkSync.Tests.Host;
using Xunit.Abstractions;

namespace ChunkSync.Tests.Merge;

/// <summary>An alteration, an init or a recapture that is interrupted anywhere is done or not done, and can be done again.</summary>
public class InterruptionAlterationTests(ITestOutputHelper output)
{
    private const string Begin = "SELECT cloudsync_begin_alter('t')";
    private const string Writes = "UPDATE t SET a = 'window' WHERE id IN ('own1', 'k1'); DELETE FROM t WHERE id = 'own2'; INSERT INTO t VALUES ('own3', 9, 9);"
        + " ALTER TABLE t ADD COLUMN c DEFAULT 1";
    private const string Commit = "SELECT cloudsync_commit_alter('t')";

    /// <summary>Before the interrupted call; the call; behind it, to the end.</summary>
    public static TheoryData<string, string, string, StepFaultKind> Calls
    {
        get
        {
            TheoryData<string, string, string, StepFaultKind> data = [];
            foreach (StepFaultKind kind in Enum.GetValues<StepFaultKind>())
            {
                data.Add("", Begin, $"{Writes}; {Commit}", kind);
                data.Add($"{Begin}; {Writes}", Commit, "", kind);
                data.Add("", "SELECT cloudsync_recapture('t', 'values')", "", kind);
                data.Add("DROP TRIGGER cloudsync_after_insert_t; INSERT INTO t VALUES ('lost', 1, 1); DELETE FROM t WHERE id = 'own1'",
                    "SELECT cloudsync_init('t')", "", kind);
                data.Add("DROP TRIGGER cloudsync_after_delete_t; DELETE FROM t WHERE id = 'own1'", "SELECT cloudsync_recapture('t')", "", kind);
                data.Add("", "SELECT cloudsync_set_filter('t', 'id <> ''own1''')", "", kind);
                data.Add("", "SELECT cloudsync_backfill_begin('t')", "SELECT cloudsync_backfill_run('t')", kind);
                data.Add("SELECT cloudsync_backfill_begin('t'); SELECT cloudsync_backfill_step('t', 2)", "SELECT cloudsync_backfill_step('t', 1000)", "", kind);
            }

            return data;
        }
    }

    [Theory, Soak("interruption-alteration")]
    [MemberData(nameof(Calls))]
    public void Alteration_is_done_or_not_done_when_it_is_interrupted_anywhere(string before, string call, string behind, StepFaultKind kind)
    {
        (string whole, string begun, long points) = Undisturbed(before, call, behind);
        using Effort effort = Effort.Start("interruption-alteration", output, sample: 4, cases: Calls.Count);
        while (effort.Next("points"))
        {
            long point = 1 + effort.Random.NextInt64(points);
            string when = $"{before}; {call}, {kind}, point {point} of {points}";
            using TempFile file = InterruptedReplica.Copy();
            using Database database = Open(file);
            bool done = false;
            database.Exec(before);
            try
            {
                using StepFault fault = new(database, point, kind);
                database.Exec(call);
                done = true;
            }
            catch (SqlException failure)
            {
                Assert.True(failure.Code is 9 or 4, $"{when}: {failure.Message}");
            }

            Assert.True(database.BusyStatement() == null, $"{when}: a statement is open: {database.BusyStatement()}");
            bool altering = before.StartsWith(Begin, StringComparison.Ordinal);
            if (!done)
            {
                // SQLite asks once more when all is done, and may report a failure then.
                done = State(database) == begun && begun != State(before);
                Assert.True(done || altering || !database.InTransaction, $"{when}: a transaction is open\n{State(database)}\n--\n{begun}");
            }

            if (!done && altering && !database.InTransaction)
            {
                // SQLite rolled everything back, the begin with it.
                Assert.Equal(State(""), State(database));
                database.Exec(before);
            }

            database.Exec(done ? "SELECT 1" : call);
            database.Exec(behind);
            Assert.False(database.InTransaction, when + ": a transaction is open");
            Assert.True(whole == State(database), $"{when}:\n{whole}\n-- repeated:\n{State(database)}");
            Assert.Equal("ok", database.Scalar("PRAGMA integrity_check"));
        }
    }

    private static (string Whole, string Begun, long Points) Undisturbed(string before, string call, string behind)
    {
        using TempFile file = InterruptedReplica.Copy();
        using Database database = Open(file);
        database.Exec(before);
        long points = StepFault.Count(database, () => database.Exec(call));
        string begun = State(database);
        database.Exec(behind);
        return (State(database), begun, points);
    }

    private static Database Open(TempFile file)
    {
        Database database = InterruptedReplica.Open(file);
        database.Deviates(Deviation.Rebuilt | Deviation.Altering | Deviation.PlainAlter | Deviation.Filter, "alterations are interrupted");
        return database;
    }

    private static string State(string before)
    {
        using TempFile file = InterruptedReplica.Copy();
        using Database database = Open(file);
        database.Exec(before);
        string state = State(database);
        database.Exec(database.InTransaction ? "ROLLBACK" : "SELECT 1");
        return state;
    }

    private static string State(Database database) => string.Join("\n", ((string[])
    [
        "SELECT name FROM sqlite_master ORDER BY 1",
        "SELECT * FROM t ORDER BY id",
        "SELECT hex(pk), col_name, col_version, site_id FROM t_cloudsync ORDER BY 1, 2",
        "SELECT tbl_name, key, value FROM cloudsync_table_settings ORDER BY 1, 2",
    ]).SelectMany(sql => database.Query(sql)).Select(row => string.Join("|", row.Select(FixtureValues.Describe))));
}
