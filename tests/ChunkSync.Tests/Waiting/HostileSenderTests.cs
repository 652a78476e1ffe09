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

    private static byte[] Forged(Database sender, string rows) => (byte[])sender.Scalar(
        $"SELECT cloudsync_payload_encode(tbl, pk, col_name, col_value, col_version, db_version, site_id, cl, seq) FROM (SELECT '' AS tbl, x'' AS pk, '' AS col_name,"
        + $" NULL AS col_value, 0 AS col_version, 0 AS db_version, x'' AS site_id, 0 AS cl, 0 AS seq WHERE 0 UNION ALL SELECT * FROM ({rows}))")!;

    private static void Receive(Database receiver, byte[] payload, byte[] site, long from) =>
        receiver.Scalar("SELECT cloudsync_payload_receive(?, ?, ?, 0, 0, ?, 0, 0, 1)", payload, site, from, from + 1);
}
