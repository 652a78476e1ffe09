using ChunkSync.Tests.Host;
using Xunit.Abstractions;

namespace ChunkSync.Tests.Waiting;

/// <summary>What a refused row costs, in runs of statements: what is remembered of sites and of what waits outlives the statements that SQLite
/// undoes.</summary>
public sealed class WaitingCostTests(ITestOutputHelper output)
{
    private const int Rows = 200;
    private const string Numbers = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 200) INSERT INTO t SELECT";
    private const string Unique = "CREATE TABLE t(id TEXT PRIMARY KEY NOT NULL, a UNIQUE, b); SELECT cloudsync_init('t');";

    [Fact]
    public void Refused_rows_cost_few_statements_when_they_are_stored_and_when_they_are_tried_again()
    {
        using Database receiver = Collide(out byte[] payload);
        Runs(receiver, "");
        RefusingReplica.Apply(receiver, payload);
        Assert.Equal(Rows, RefusingReplica.Waiting(receiver).Length);
        AssertFew(receiver);
        Assert.Equal(0L, receiver.Scalar("SELECT cloudsync_waiting_retry()"));
        AssertFew(receiver);
    }

    [Theory]
    [InlineData("BEGIN; SAVEPOINT s; A; ROLLBACK TO s; A; COMMIT")]
    [InlineData("BEGIN; INSERT INTO t VALUES ('x', 'x', 0); SAVEPOINT s; A; ROLLBACK TO s; A; COMMIT")]
    [InlineData("BEGIN; SAVEPOINT r; INSERT INTO t VALUES ('x', 'x', 0); SAVEPOINT s; A; RELEASE s; ROLLBACK TO r; A; COMMIT")]
    [InlineData("SAVEPOINT s; A; ROLLBACK TO s; A; RELEASE s")]
    [InlineData("SAVEPOINT s; SAVEPOINT r; A; SELECT cloudsync_waiting_retry(); ROLLBACK TO r; SELECT cloudsync_waiting_retry(); A; RELEASE s")]
    [InlineData("BEGIN; A; ROLLBACK; A")]
    [InlineData("BEGIN; A; SAVEPOINT s; SELECT cloudsync_waiting_drop('t'); ROLLBACK TO s; SELECT cloudsync_waiting_retry(); COMMIT")]
    [InlineData("A; BEGIN; SAVEPOINT s; SELECT cloudsync_waiting_drop('t'); SAVEPOINT r; A; ROLLBACK TO r; ROLLBACK TO s; COMMIT")]
    [InlineData("A; BEGIN; SAVEPOINT s; UPDATE t SET a = 'free' || a; SELECT cloudsync_waiting_retry(); ROLLBACK TO s; A; COMMIT")]
    public void What_waits_is_that_of_a_plain_call_when_the_caller_rolls_a_part_back(string script)
    {
        using Database plain = Collide(out byte[] payload);
        RefusingReplica.Apply(plain, payload);
        using Database receiver = Collide(out _);
        receiver.Exec("CREATE TEMP TABLE payload(data)");
        receiver.Run("INSERT INTO payload VALUES (?)", payload);
        receiver.Exec($"{script};".Replace("A;", "SELECT cloudsync_payload_apply(data) FROM payload;"));
        Assert.Equal(RefusingReplica.Waiting(plain), RefusingReplica.Waiting(receiver));
        const string Site = "SELECT site_id = (SELECT site_id FROM cloudsync_waiting_changes LIMIT 1) FROM cloudsync_site_id WHERE rowid = 1";
        Assert.Equal(RefusingReplica.Read(plain, Site), RefusingReplica.Read(receiver, Site));
        const string Quota = "SELECT hex(origin), changes, bytes FROM cloudsync_waiting_sites";
        Assert.Equal(RefusingReplica.Read(plain, Quota), RefusingReplica.Read(receiver, Quota));
        Assert.Equal(0L, receiver.Scalar("SELECT count(*) - count(DISTINCT turn) FROM cloudsync_waiting_rows WHERE turn <> 0"));
        receiver.Exec("UPDATE t SET a = 'free' || a WHERE id LIKE 'own%'");
        Assert.Equal((long)Rows, receiver.Scalar("SELECT cloudsync_waiting_retry()"));
        Assert.Equal(0L, receiver.Scalar("SELECT count(*) FROM cloudsync_waiting_sites"));
        Assert.Equal((long)Rows, receiver.Scalar("SELECT count(*) FROM cloudsync_changes WHERE site_id <> cloudsync_siteid() AND col_name = 'a'"));
    }

    [Theory]
    [InlineData("UNIQUE", "own", 185, 156, 205)]
    [InlineData("CHECK (a NOT LIKE 'a%' OR id NOT LIKE 'k%')", "a", 168, 126, 0)]
    public void Refused_row_takes_few_steps_beside_an_applied_one(string clause, string free, int stored, int retried, int landed)
    {
        string schema = $"CREATE TABLE t(id TEXT PRIMARY KEY NOT NULL, a {clause}, b); SELECT cloudsync_init('t');";
        using Database receiver = RefusingReplica.Open(schema);
        receiver.Exec($"{Numbers} 'own' || i, 'a' || i, i FROM n");
        using Database other = RefusingReplica.Open(clause == "UNIQUE" ? schema : schema.Replace("NOT LIKE 'k%'", "LIKE 'k%'", StringComparison.Ordinal));
        other.Exec($"{Numbers} 'own' || i, 'x{free}' || i, i FROM n");
        using Database sender = RefusingReplica.Open(Unique);
        sender.Exec($"{Numbers} 'k' || i, 'a' || i, i FROM n");
        byte[] payload = RefusingReplica.Payload(sender)!;
        long floor = Steps(other, db => RefusingReplica.Apply(db, payload));
        Assert.Empty(RefusingReplica.Waiting(other));
        long store = Steps(receiver, db => RefusingReplica.Apply(db, payload));
        Assert.Equal(Rows, RefusingReplica.Waiting(receiver).Length);
        long none = Steps(receiver, db => db.Scalar("SELECT cloudsync_waiting_retry()"));
        output.WriteLine($"steps: an applied row {floor / Rows}, a stored one {store / Rows}, a retried one {none / Rows}");
        Assert.InRange(store, 0, floor * stored / 100);
        Assert.InRange(none, 0, floor * retried / 100);
        if (landed > 0)
        {
            receiver.Exec("UPDATE t SET a = 'free' || a");
            long all = Steps(receiver, db => Assert.Equal((long)Rows, db.Scalar("SELECT cloudsync_waiting_retry()")));
            output.WriteLine($"one that lands {all / Rows}");
            Assert.InRange(all, 0, floor * landed / 100);
        }
    }

    [Theory]
    [InlineData("'a' || (b + 1 - 2 * (b % 2))", 250)]
    [InlineData("'a' || (b + 1)", 200)]
    [InlineData("'a' || ((b + 1) % 200)", 200)]
    [InlineData("'a' || (b - 1)", 100)]
    public void Values_that_move_on_or_are_swapped_are_written_few_times(string value, int percent)
    {
        using Database sender = RefusingReplica.Open(Unique);
        sender.Exec($"{Numbers} 'k' || i, 'a' || (i - 1), i - 1 FROM n");
        using Database receiver = RefusingReplica.Open(Unique);
        RefusingReplica.Apply(receiver, RefusingReplica.Payload(sender));
        long since = (long)sender.Scalar("SELECT cloudsync_db_version()")!;
        sender.Exec($"UPDATE t SET a = NULL; UPDATE t SET a = {value}");
        byte[]? payload = RefusingReplica.Payload(sender, since);
        using StatementMeter meter = new(receiver);
        RefusingReplica.Apply(receiver, payload);
        long writes = meter.Writes;
        Assert.Equal(0L, receiver.Scalar($"SELECT count(*) FROM t WHERE a IS NOT {value}"));
        output.WriteLine($"{writes} writes of {Rows} rows");
        Assert.InRange(writes, 1, (Rows * percent / 100) + 2);
    }

    private static long Steps(Database database, Action<Database> work)
    {
        using StatementMeter meter = new(database);
        work(database);
        return meter.VmSteps;
    }

    private static void AssertFew(Database receiver)
    {
        Assert.InRange(Runs(receiver, " FROM main.cloudsync_site_id "), 0, 10);
        Assert.InRange(Runs(receiver, "SELECT max(turn)"), 0, 5);
    }

    /// <summary>How often statements with a text have run since the last call.</summary>
    private static unsafe int Runs(Database database, string text)
    {
        const int RunCounter = 6;
        int runs = 0;
        for (nint statement = NativeSqlite.NextStatement(database.Handle, 0); statement != 0; statement = NativeSqlite.NextStatement(database.Handle, statement))
        {
            if (ChunkSync.Sqlite.Sqlite3.Utf8String(NativeSqlite.Sql(statement)).Contains(text, StringComparison.Ordinal))
            {
                runs += NativeSqlite.StatementStatus(statement, RunCounter, 1);
            }
        }

        return runs;
    }

    /// <summary>A database each of whose rows is in the way of one of a payload.</summary>
    private static Database Collide(out byte[] payload)
    {
        using Database sender = RefusingReplica.Open(Unique);
        sender.Exec($"{Numbers} 'k' || i, 'a' || i, i FROM n");
        payload = RefusingReplica.Payload(sender)!;
        Database receiver = RefusingReplica.Open(Unique);
        receiver.Exec($"{Numbers} 'own' || i, 'a' || i, i FROM n");
        return receiver;
    }
}
