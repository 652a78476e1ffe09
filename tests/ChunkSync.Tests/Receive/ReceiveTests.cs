using ChunkSync.Tests.Host;

namespace ChunkSync.Tests.Receive;

public class ReceiveTests
{
    private const string Table = "SELECT count(*) FROM sqlite_master WHERE name = 'cloudsync_receive_ranges'";

    [Fact]
    public void Checkpoint_equals_that_of_apply_when_chunks_of_one_sender_come_in_order()
    {
        using Database sender = ReceivePair.NewSender(12);
        using Database applied = ReceivePair.NewReceiver();
        using Database received = ReceivePair.NewReceiver();
        byte[] site = ReceivePair.SiteOf(sender);
        List<SentChunk> chunks = SentChunk.Window(sender, ReceivePair.Stream, 0);
        Assert.True(chunks.Count > 3);
        foreach (SentChunk chunk in chunks)
        {
            object? result = applied.Scalar("SELECT cloudsync_payload_apply(?)", chunk.Payload);
            Assert.Equal(result, chunk.Receive(received, site));
            Assert.Equal(ReceivePair.Checkpoint(applied), ReceivePair.Checkpoint(received));
        }

        Assert.Equal(ReceivePair.Rows(applied), ReceivePair.Rows(received));
    }

    [Fact]
    public void Checkpoint_waits_when_a_chunk_is_missing()
    {
        using Database sender = ReceivePair.NewSender(8);
        using Database receiver = ReceivePair.NewReceiver();
        byte[] site = ReceivePair.SiteOf(sender);
        List<SentChunk> chunks = SentChunk.Window(sender, ReceivePair.Stream, 0);
        foreach (SentChunk chunk in chunks.Skip(1).Reverse())
        {
            chunk.Receive(receiver, site);
            Assert.Equal(("", ""), ReceivePair.Checkpoint(receiver));
        }

        Assert.Equal([$"(1, 0, 0) {chunks[0].Next}", $"{chunks[^1].End} open"], ReceivePair.Gaps(receiver));
        chunks[0].Receive(receiver, site);
        Assert.Equal(("8", ""), ReceivePair.Checkpoint(receiver));
        Assert.Equal(1L, receiver.Scalar("SELECT count(*) FROM cloudsync_receive_ranges"));
    }

    [Fact]
    public void Checkpoint_stays_when_a_second_sender_is_booked()
    {
        using Database one = ReceivePair.NewSender(4);
        using Database other = ReceivePair.NewSender(6);
        using Database receiver = ReceivePair.NewReceiver();
        SentChunk.Window(one, ReceivePair.Stream, 0, 2).ForEach(chunk => chunk.Receive(receiver, ReceivePair.SiteOf(one)));
        SentChunk.Window(other, ReceivePair.Stream, 0).ForEach(chunk => chunk.Receive(receiver, ReceivePair.SiteOf(other)));
        SentChunk.Window(one, ReceivePair.Stream, 2).ForEach(chunk => chunk.Receive(receiver, ReceivePair.SiteOf(one)));
        Assert.Equal(("2", ""), ReceivePair.Checkpoint(receiver));
        Assert.Equal(["(5, 0, 0) open", "(7, 0, 0) open"], ReceivePair.Gaps(receiver).Order());

        Assert.Equal(1L, receiver.Scalar("SELECT cloudsync_receive_forget(?)", ReceivePair.SiteOf(other)));
        Assert.Equal(0L, receiver.Scalar("SELECT cloudsync_receive_forget(?)", ReceivePair.SiteOf(other)));
        SentChunk.Window(one, ReceivePair.Stream, 3).ForEach(chunk => chunk.Receive(receiver, ReceivePair.SiteOf(one)));
        Assert.Equal(("4", ""), ReceivePair.Checkpoint(receiver));
    }

    [Fact]
    public void Table_exists_only_when_something_was_received()
    {
        using Database sender = ReceivePair.NewSender(1);
        using Database receiver = ReceivePair.NewReceiver();
        SentChunk chunk = Assert.Single(SentChunk.Window(sender, ReceivePair.Stream, 0));
        Assert.Empty(ReceivePair.Gaps(receiver));
        Assert.Equal(0L, receiver.Scalar("SELECT cloudsync_receive_forget(x'01')"));
        Assert.Equal(0L, receiver.Scalar(Table));
        chunk.Receive(receiver, [1]);
        Assert.Equal(1L, receiver.Scalar(Table));
        receiver.Exec("SELECT cloudsync_cleanup('t')");
        Assert.Equal(0L, receiver.Scalar(Table));
        Assert.Empty(ReceivePair.Gaps(receiver));
    }

    [Fact]
    public void Ranges_are_dropped_when_the_database_becomes_another_replica()
    {
        using Database sender = ReceivePair.NewSender(1);
        using TempFile file = new();
        using (Database receiver = Database.Open(file.Path))
        {
            receiver.Exec(ReceivePair.Schema);
            SentChunk.Window(sender, ReceivePair.Stream, 0)[0].Receive(receiver, [1]);
        }

        using (Database other = Database.Open(file.Path, register: false))
        {
            // What sqlite-sync drops with the last table.
            other.Exec("""
                DROP TABLE t_cloudsync; DROP TABLE cloudsync_settings; DROP TABLE cloudsync_site_id; DROP TABLE cloudsync_table_settings;
                DROP TABLE cloudsync_schema_versions; DROP TABLE cloudsync_payload_fragments
                """);
        }

        using Database again = Database.Open(file.Path);
        again.Exec("SELECT cloudsync_init('t')");
        Assert.Equal(0L, again.Scalar(Table));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Nothing_changes_when_a_row_of_the_payload_is_refused(bool inTransaction)
    {
        using Database sender = ReceivePair.NewSender(2);
        sender.Exec("INSERT INTO t VALUES ('bad', -1)");
        using Database receiver = Database.Open();
        receiver.Exec("CREATE TABLE t(id TEXT PRIMARY KEY NOT NULL, a CHECK (a IS NOT -1)); SELECT cloudsync_init('t'); SELECT cloudsync_set('apply_refused', 'stop')");
        byte[] site = ReceivePair.SiteOf(sender);
        if (inTransaction)
        {
            receiver.Exec("BEGIN; INSERT INTO t VALUES ('mine', 1)");
        }

        SqlException failure = Assert.Throws<SqlException>(() => SentChunk.Window(sender, ReceivePair.Stream, 0)[^1].Receive(receiver, site));
        Assert.Contains("CHECK constraint failed", failure.Text);
        Assert.Equal(19, failure.Code);
        Assert.Equal(inTransaction, receiver.InTransaction);
        Assert.Equal(inTransaction ? 1L : 0L, receiver.Scalar("SELECT count(*) FROM t"));
        Assert.Equal(0L, receiver.Scalar(Table));
        Assert.Equal(("", ""), ReceivePair.Checkpoint(receiver));
        receiver.Exec(inTransaction ? "COMMIT" : "");
        receiver.Exec("INSERT INTO t VALUES ('later', 1)");
        Assert.Equal(inTransaction ? 2L : 1L, receiver.Scalar("SELECT count(DISTINCT db_version) FROM cloudsync_changes"));
        SentChunk good = Assert.Single(SentChunk.Window(sender, ReceivePair.Stream, 0, 2));
        Assert.Equal(good.Receive(receiver, site), good.Receive(receiver, site));
        Assert.Equal(["(3, 0, 0) open"], ReceivePair.Gaps(receiver));
    }

    [Fact]
    public void Nothing_changes_when_the_commit_is_refused()
    {
        const string Schema = """
            CREATE TABLE parent(id TEXT PRIMARY KEY NOT NULL);
            CREATE TABLE child(id TEXT PRIMARY KEY NOT NULL, p TEXT REFERENCES parent(id) DEFERRABLE INITIALLY DEFERRED);
            SELECT cloudsync_init('parent'); SELECT cloudsync_init('child');
            """;
        using Database sender = Database.Open();
        sender.Exec(Schema + "INSERT INTO parent VALUES ('p'); INSERT INTO child VALUES ('ok', NULL); INSERT INTO child VALUES ('c', 'p')");
        using Database receiver = Database.Open();
        receiver.Exec(Schema + "PRAGMA foreign_keys = ON; SELECT cloudsync_set('apply_refused', 'stop')");
        byte[] site = ReceivePair.SiteOf(sender);
        List<SentChunk> chunks = [.. SentChunk.Window(sender, ReceivePair.Stream, 1), .. SentChunk.Window(sender, ReceivePair.Stream, 0, 1)];
        SqlException failure = Assert.Throws<SqlException>(() => chunks[0].Receive(receiver, site));
        Assert.Contains("FOREIGN KEY constraint failed", failure.Text);
        Assert.False(receiver.InTransaction);
        Assert.Equal(0L, receiver.Scalar("SELECT count(*) FROM child"));
        Assert.Empty(ReceivePair.Gaps(receiver));
        receiver.Exec("BEGIN");
        chunks.ForEach(chunk => chunk.Receive(receiver, site));
        receiver.Exec("COMMIT");
        Assert.Equal(["(4, 0, 0) open"], ReceivePair.Gaps(receiver));
    }

    [Fact]
    public void Gap_is_closed_when_the_sender_has_nothing_there_any_more()
    {
        using Database sender = ReceivePair.NewSender(3);
        using Database receiver = ReceivePair.NewReceiver();
        byte[] site = ReceivePair.SiteOf(sender);
        SentChunk.Window(sender, ReceivePair.Stream, 2)[0].Receive(receiver, site);
        sender.Exec("UPDATE t SET a = 'moved'");
        object?[] gap = receiver.Query("SELECT * FROM cloudsync_receive_gaps(?)", site)[0];
        SentChunk empty = Assert.Single(SentChunk.Answer(sender, ReceivePair.Stream, gap));
        Assert.Null(empty.Payload);
        Assert.Equal(0L, empty.Receive(receiver, site));
        SentChunk.Answer(sender, ReceivePair.Stream, Assert.Single(receiver.Query("SELECT * FROM cloudsync_receive_gaps")))
            .ForEach(chunk => chunk.Receive(receiver, site));
        Assert.Equal(["(5, 0, 0) open"], ReceivePair.Gaps(receiver));
        Assert.Equal(ReceivePair.Rows(sender), ReceivePair.Rows(receiver));
        Assert.Equal(("4", "2"), ReceivePair.Checkpoint(receiver));
    }

    [Fact]
    public void Chunks_are_received_when_they_are_read_in_the_same_statement()
    {
        using Database sender = ReceivePair.NewSender(3);
        using Database receiver = ReceivePair.NewReceiver();
        receiver.Exec("CREATE TEMP TABLE wire(payload, f1, f2, f3, n1, n2, n3, final)");
        foreach (SentChunk sent in SentChunk.Window(sender, ReceivePair.Stream, 0).Concat(SentChunk.Window(sender, ReceivePair.Stream, 1, 2)))
        {
            receiver.Run("INSERT INTO wire VALUES (?, ?, ?, ?, ?, ?, ?, ?)", sent.Payload, sent.From.V, sent.From.S, sent.From.O,
                sent.Next.V, sent.Next.S, sent.Next.O, sent.IsFinal);
        }

        Assert.Equal(4L, receiver.Scalar("SELECT sum(cloudsync_payload_receive(payload, x'01', f1, f2, f3, n1, n2, n3, final)) FROM wire"));
        Assert.Equal(ReceivePair.Rows(sender), ReceivePair.Rows(receiver));
    }

    [Fact]
    public void Forgetting_works_when_an_init_was_rolled_back_before()
    {
        using Database database = Database.Open();
        database.Exec("CREATE TABLE t(id TEXT PRIMARY KEY NOT NULL, a); CREATE TABLE u(id TEXT PRIMARY KEY NOT NULL, a); SELECT cloudsync_init('t')");
        database.Exec("SELECT cloudsync_payload_receive(NULL, x'01', 1, 0, 0, 9, 0, 0, 1)");
        database.Exec("BEGIN; SELECT cloudsync_init('u'); ROLLBACK");
        Assert.Equal(1L, database.Scalar("SELECT cloudsync_receive_forget(x'01', 7, 0)"));
    }
}
