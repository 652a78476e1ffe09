using ChunkSync.Tests.Host;
using Xunit.Abstractions;

namespace ChunkSync.Tests.Waiting;

/// <summary>A sender that invents numbers: those out of bounds never wait, and the greatest ones stop nobody.</summary>
public sealed class HostileSenderTests(ITestOutputHelper output)
{
    private const string Table = "CREATE TABLE t(id TEXT PRIMARY KEY NOT NULL, a CHECK (a >= 0), b); SELECT cloudsync_init('t'); PRAGMA cache_size = -1000;";

    private static readonly byte[] Hostile = [.. Enumerable.Repeat((byte)6, 16)];

    [Theory]
    [InlineData("v", "c", "1 << 62", "1")]
    [InlineData("v", "c", "1", "1 << 62")]
    [InlineData("v", "c", "-1", "1")]
    [InlineData("v", "c", "1", "-9223372036854775808")]
    [InlineData("t", "none", "9223372036854775807", "1")]
    [InlineData("t", "none", "1", "9223372036854775807")]
    [InlineData("t", "a", "9223372036854775807", "1")]
    [InlineData("t", "a", "1", "(1 << 61) + 1")]
    public void Change_waits_never_when_its_numbers_are_out_of_bounds(string table, string column, string version, string causalLength)
    {
        using Database sender = RefusingReplica.Open(Table, null);
        using Database receiver = RefusingReplica.Open(Table, null);
        byte[] payload = Forged(sender, $"SELECT '{table}', cloudsync_pk_encode('k'), '{column}', -1, {version}, 1, x'06', {causalLength}, 0");
        SqlException refused = Assert.Throws<SqlException>(() => Receive(receiver, payload, Hostile, 1));
        Assert.Contains(column == "a" || version != "1" ? "" : "cl", refused.Text, StringComparison.Ordinal);
        output.WriteLine(refused.Text);
        Assert.Equal(0L, receiver.Scalar("SELECT count(*) FROM sqlite_master WHERE name LIKE 'cloudsync_waiting%'"));
        Assert.Equal(0L, receiver.Scalar("SELECT count(*) FROM t"));
    }

    [Theory]
    [InlineData("1 << 61", "1")]
    [InlineData("1", "(1 << 61) - 1")]
    [InlineData("1 << 61", "(1 << 61) - 1")]
    public void Change_with_the_greatest_numbers_waits_and_others_go_on(string version, string causalLength)
    {
        using Database sender = RefusingReplica.Open(Table, null);
        using Database receiver = RefusingReplica.Open(Table, null);
        using Database third = RefusingReplica.Open("CREATE TABLE t(id TEXT PRIMARY KEY NOT NULL, a, b); SELECT cloudsync_init('t')", null);
        receiver.Exec("INSERT INTO t VALUES ('k', 1, 1)");
        byte[] payload = Forged(sender, $"SELECT 't', cloudsync_pk_encode('k'), 'a', -1, {version}, 1, x'06', {causalLength}, 0");
        Receive(receiver, payload, Hostile, 1);
        Assert.Equal(["t|'k'|a|constraint"], RefusingReplica.Waiting(receiver));
        receiver.Exec("UPDATE t SET b = 2");
        Receive(receiver, payload, Hostile, 1);
        Assert.Single(RefusingReplica.Waiting(receiver));

        // Nothing is greater than the greatest: to overrule it is refused, or others take what it writes.
        try
        {
            receiver.Exec("SELECT cloudsync_waiting_drop('t', NULL, 'overrule')");
        }
        catch (SqlException refused)
        {
            output.WriteLine(refused.Text);
            Assert.Single(RefusingReplica.Waiting(receiver));
            Assert.Equal(1L, receiver.Scalar("SELECT cloudsync_waiting_drop('t')"));
        }

        receiver.Exec("INSERT INTO t VALUES ('other', 1, 1)");
        third.Exec("SELECT cloudsync_set('skip_schema_hash_check', 1)");
        RefusingReplica.Apply(third, RefusingReplica.Payload(receiver));
        Assert.Equal(RefusingReplica.Read(receiver, "SELECT * FROM t ORDER BY id"), RefusingReplica.Read(third, "SELECT * FROM t ORDER BY id"));
    }

    public static TheoryData<string, string> Floods => new()
    {
        { "columns of one row that are not here, in one transaction", "'t', cloudsync_pk_encode('k'), 'c' || i, i, 1, FIRST, x'06', 1, i" },
        { "the same, each in a transaction of its own", "'t', cloudsync_pk_encode('k'), 'c' || i, i, 1, i, x'06', 1, 0" },
        { "the same, of two rows in turn", "'t', cloudsync_pk_encode('k' || i % 2), 'c' || i, i, 1, i, x'06', 1, 0" },
        { "the same, in lives that end", "'t', cloudsync_pk_encode('k'), 'c' || i, i, 1, i, x'06', 1 + 2 * i, 0" },
        { "columns that are not here, and one that is", "'t', cloudsync_pk_encode('k'), iif(i % 2, 'b', 'c' || i), i, i, i, x'06', 1, 0" },
        { "columns that are not here, and one that is refused", "'t', cloudsync_pk_encode('k'), iif(i % 2, 'a', 'c' || i), -i, i, i, x'06', 1, 0" },
        { "tables that are not here", "'t' || i, cloudsync_pk_encode('k'), 'c', i, 1, i, x'06', 1, 0" },
        { "columns of a row of a table that is not here", "'none', cloudsync_pk_encode('k'), 'c' || i, i, 1, i, x'06', 1, 0" },
        { "refused groups of one row", "'t', cloudsync_pk_encode('k'), 'a', -i, i, i, x'06', 1, 0" },
        { "refused rows", "'t', cloudsync_pk_encode(i), 'a', -i, 1, i, x'06', 1, 0" },
    };

    [Theory]
    [MemberData(nameof(Floods))]
    public void Flood_takes_time_in_proportion_to_its_changes_and_others_do_not_notice_it(string flood, string change)
    {
        output.WriteLine(flood);
        (long taken, long retried, long beside) = Flood(change, 600);
        (long twice, long retriedTwice, long besideTwice) = Flood(change, 1200);
        output.WriteLine($"steps: {taken} and {twice}, of a retry {retried} and {retriedTwice}, of another sender {beside} and {besideTwice}");
        Assert.InRange(twice, 0, taken * 5 / 2);
        Assert.InRange(retriedTwice, 0, (retried * 5 / 2) + 5000);
        Assert.InRange(besideTwice, 0, (beside * 5 / 4) + 500);
    }

    [Fact]
    public void Rows_that_all_need_one_row_are_not_all_tried_when_that_is_written_and_all_land_when_they_can()
    {
        const string Family = "CREATE TABLE p(id TEXT PRIMARY KEY NOT NULL, n UNIQUE, b); CREATE TABLE c(id TEXT PRIMARY KEY NOT NULL, p REFERENCES p(id));"
            + "SELECT cloudsync_init('p'), cloudsync_init('c');";
        const int Count = 5000;
        using Database sender = RefusingReplica.Open(Family, null);
        using Database receiver = RefusingReplica.Open(Family + "PRAGMA foreign_keys = ON;", null);
        receiver.Exec("INSERT INTO p VALUES ('mine', 'x', 0)");
        Receive(receiver, Forged(sender, Rows(Count, "'p', cloudsync_pk_encode('p' || i), 'n', 'x', 1, 1, x'06', 1, i")), Hostile, 1);
        Receive(receiver, Forged(sender, Rows(Count, "'c', cloudsync_pk_encode('c' || i), 'p', 'later', 1, 2, x'06', 1, i")), Hostile, 2);
        Assert.Equal(2L * Count, receiver.Scalar("SELECT count(*) FROM cloudsync_waiting WHERE needs_pk IS NOT NULL"));
        for (int round = 0; round < 2; round++)
        {
            receiver.Exec("UPDATE p SET b = b + 1");
            using StatementMeter meter = new(receiver);
            Receive(receiver, Forged(sender, $"SELECT 'p', cloudsync_pk_encode('other{round}'), 'b', 1, 1, {3 + round}, x'06', 1, 0"), Hostile, 3 + round);
            output.WriteLine($"runs: {meter.Runs}");
            Assert.InRange(meter.Runs, 1024, 25_000);
        }

        Receive(receiver, Forged(sender, "SELECT 'p', cloudsync_pk_encode('later'), 'b', 1, 1, 5, x'06', 1, 0"), Hostile, 5);
        Assert.Equal((long)Count, receiver.Scalar("SELECT count(*) FROM c"));
    }

    [Fact]
    public void Sender_pays_for_what_it_sends_when_it_is_of_rows_of_which_others_have_changes_waiting()
    {
        using Database sender = RefusingReplica.Open(Table, null);
        using Database receiver = RefusingReplica.Open(Table + " SELECT cloudsync_set('waiting_max', 30)", null);
        byte[] honest = [.. Enumerable.Repeat((byte)5, 16)];
        Receive(receiver, Forged(sender, "SELECT 't', cloudsync_pk_encode('k'), 'a', -1, 1, 1, x'05', 1, 0"), honest, 1);
        Receive(receiver, Forged(sender, Rows(30, "'t', cloudsync_pk_encode('k'), 'c' || i, i, 1, 1, x'06', 1, i")), Hostile, 1);
        byte[] more = Forged(sender, "SELECT 't', cloudsync_pk_encode('k'), 'd', 1, 1, 2, x'06', 1, 0");
        Assert.Contains("31 changes of origin X'0606", Assert.Throws<SqlException>(() => Receive(receiver, more, Hostile, 2)).Text);
        Receive(receiver, Forged(sender, Rows(29, "'t', cloudsync_pk_encode('k'), 'e' || i, i, 1, 2, x'05', 1, i")), honest, 2);
        Assert.Equal(["05|30", "06|30"], Shares(receiver));

        // A greater change of a cell is that of its sender; what it beats is nobody's any more.
        Receive(receiver, Forged(sender, Rows(10, "'t', cloudsync_pk_encode('k'), 'c' || i, i, 2, 1, x'05', 1, i")), [.. Enumerable.Repeat((byte)7, 16)], 1);
        Assert.Equal(["05|30", "06|20", "07|10"], Shares(receiver));
        Assert.Equal(receiver.Scalar("SELECT sum(bytes) FROM cloudsync_waiting_rows"), receiver.Scalar("SELECT sum(bytes) FROM cloudsync_waiting_sites"));
        receiver.Exec("SELECT cloudsync_begin_alter('t'); ALTER TABLE t ADD COLUMN c1; ALTER TABLE t ADD COLUMN c30; ALTER TABLE t ADD COLUMN e1;"
            + "SELECT cloudsync_commit_alter('t')");
        Assert.Equal(["05|30", "06|20", "07|10"], Shares(receiver));
        Receive(receiver, Forged(sender, "SELECT 't', cloudsync_pk_encode('k'), 'a', 1, 2, 3, x'05', 1, 0"), honest, 3);
        Assert.Equal(["05|28", "06|19", "07|9"], Shares(receiver));
        Assert.Equal(3L, receiver.Scalar("SELECT (c1 IS 1) + (c30 IS 30) + (e1 IS 1) FROM t"));
        Assert.Equal(1L, receiver.Scalar("SELECT cloudsync_waiting_ignore('t', 'c2')"));
        Assert.Equal(["05|28", "06|19", "07|8"], Shares(receiver));
        Assert.Equal(receiver.Scalar("SELECT sum(bytes) FROM cloudsync_waiting_rows"), receiver.Scalar("SELECT sum(bytes) FROM cloudsync_waiting_sites"));
        Receive(receiver, Forged(sender, "SELECT 't', cloudsync_pk_encode('k'), '__[RIP]__', NULL, 2, 4, x'05', 2, 0"), honest, 4);
        Assert.Empty(Shares(receiver));
        Assert.Empty(RefusingReplica.Waiting(receiver));
    }

    private static string[] Shares(Database receiver) =>
        RefusingReplica.Read(receiver, "SELECT substr(hex(origin), 1, 2), changes FROM cloudsync_waiting_sites ORDER BY 1");

    /// <summary>The steps that a flood of a size takes in ten payloads, a retry of it, and another sender's rows behind it.</summary>
    private static (long Taken, long Retried, long Beside) Flood(string change, int size)
    {
        using Database sender = RefusingReplica.Open(Table, null);
        using Database receiver = RefusingReplica.Open(Table, null);
        byte[][] payloads = [.. Enumerable.Range(0, 10).Select(part => Forged(sender, Rows(size / 10, change, part * size / 10)))];
        byte[] honest = RefusingReplica.Payload(RefusingReplica.Open(Table + "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 20)"
            + " INSERT INTO t SELECT 'own' || i, i, i FROM n", null))!;
        using StatementMeter meter = new(receiver);
        for (int part = 0; part < payloads.Length; part++)
        {
            Receive(receiver, payloads[part], Hostile, 1 + (part * size / 10), size / 10);
        }

        long taken = meter.VmSteps;
        receiver.Scalar("SELECT cloudsync_waiting_retry()");
        long retried = meter.VmSteps - taken;
        Receive(receiver, honest, [.. Enumerable.Repeat((byte)5, 16)], 1);
        return (taken, retried, meter.VmSteps - taken - retried);
    }

    private static string Rows(int count, string change, int first = 0) =>
        $"WITH RECURSIVE n(i) AS (SELECT {first + 1} UNION ALL SELECT i + 1 FROM n WHERE i < {first + count}) SELECT {change.Replace("FIRST", $"{first + 1}", StringComparison.Ordinal)} FROM n";

    private static byte[] Forged(Database sender, string rows) => (byte[])sender.Scalar(
        $"SELECT cloudsync_payload_encode(tbl, pk, col_name, col_value, col_version, db_version, site_id, cl, seq) FROM (SELECT '' AS tbl, x'' AS pk, '' AS col_name,"
        + $" NULL AS col_value, 0 AS col_version, 0 AS db_version, x'' AS site_id, 0 AS cl, 0 AS seq WHERE 0 UNION ALL SELECT * FROM ({rows}))")!;

    private static void Receive(Database receiver, byte[] payload, byte[] site, long from, long count = 1) =>
        receiver.Scalar("SELECT cloudsync_payload_receive(?, ?, ?, 0, 0, ?, 0, 0, 1)", payload, site, from, from + count);
}
