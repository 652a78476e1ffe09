using ChunkSync.Tests.Host;
using ChunkSync.Tests.Receive;

namespace ChunkSync.Tests.Diagnostics;

/// <summary>The table <c>cloudsync_status</c>.</summary>
public class StatusTests
{
    private const string Schema = "CREATE TABLE t(id TEXT PRIMARY KEY NOT NULL, a); SELECT cloudsync_init('t');";

    [Fact]
    public void Row_is_there_when_nothing_was_initialised()
    {
        using Database database = Database.Open();
        Assert.Equal("||0|0|0|0", Line(database, "site_id, db_version, tables, sites, waiting, gaps"));
    }

    [Fact]
    public void Row_says_who_and_how_the_database_is()
    {
        using Database database = Database.Open();
        database.Exec(Schema + "INSERT INTO t VALUES ('1', 1), ('2', 2); UPDATE t SET a = 3; SELECT cloudsync_set('send_dbversion', 1)");
        Assert.Equal(ReceivePair.SiteOf(database), database.Scalar("SELECT site_id FROM cloudsync_status"));
        Assert.Equal(database.Scalar("SELECT hash FROM cloudsync_schema_versions"), database.Scalar("SELECT schema_hash FROM cloudsync_status"));
        Assert.Equal("2|1|1|1|0|0|0||0|0|0|0|0|1|||", Line(database, "db_version, seq, tables, sites, waiting, waiting_changes, waiting_bytes, waiting_oldest,"
            + " fragments, senders, gaps, check_dbversion, check_seq, send_dbversion, last_apply_at, last_apply_rows, last_error"));
    }

    [Fact]
    public void Row_says_what_arrived_and_how_the_last_call_ended()
    {
        using Database sender = ReceivePair.NewSender(9);
        using Database receiver = ReceivePair.NewReceiver();
        byte[] site = ReceivePair.SiteOf(sender);
        List<SentChunk> chunks = SentChunk.Window(sender, ReceivePair.Stream, 0);
        chunks[0].Receive(receiver, site);
        chunks[2].Receive(receiver, site);
        Assert.Equal("1|1|2", Line(receiver, "senders, gaps, sites"));
        Assert.InRange((long)receiver.Scalar("SELECT last_apply_rows FROM cloudsync_status")!, 1, 9);
        Assert.InRange((long)receiver.Scalar("SELECT unixepoch_ - last_apply_at FROM cloudsync_status, (SELECT CAST(strftime('%s', 'now') AS INTEGER) AS unixepoch_)")!, 0, 60);
        SqlException failure = Assert.Throws<SqlException>(() => receiver.Scalar("SELECT cloudsync_payload_apply(x'00')"));
        Assert.Equal($"|{failure.Text}", Line(receiver, "last_apply_rows, last_error"));
        chunks[0].Receive(receiver, site);
        Assert.Null(receiver.Scalar("SELECT last_error FROM cloudsync_status"));
    }

    [Fact]
    public void Steps_do_not_grow_with_rows()
    {
        long few = Steps(5);
        Assert.InRange(Steps(4000), 1, few + 30);
    }

    private static long Steps(int rows)
    {
        using Database database = Database.Open();
        database.Exec($"{Schema} WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {rows}) INSERT INTO t SELECT 'k' || i, i FROM n");
        using IDisposable paused = database.PauseChecks();
        return StatementMeter.StepsOf(database, "SELECT * FROM cloudsync_status");
    }

    private static string Line(Database database, string columns) => string.Join("|", database.Query($"SELECT {columns} FROM cloudsync_status").Single());
}
