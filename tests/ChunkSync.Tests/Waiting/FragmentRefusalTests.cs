using ChunkSync.Tests.Host;
using ChunkSync.Tests.Receive;

namespace ChunkSync.Tests.Waiting;

/// <summary>Values that come in parts and that a table refuses, or for which others are refused, until the last part is there.</summary>
public sealed class FragmentRefusalTests
{
    private const int Long = 400_000;

    /// <summary>Both ends of the reference are longer than a chunk.</summary>
    private const string Families = "CREATE TABLE parent(id TEXT PRIMARY KEY NOT NULL, code TEXT UNIQUE); CREATE TABLE child(id TEXT PRIMARY KEY NOT NULL, code TEXT"
        + " REFERENCES parent(code) {0}); SELECT cloudsync_init('parent'); SELECT cloudsync_init('child');";

    [Theory]
    [InlineData("", "wait", true, false)]
    [InlineData("", "wait", false, false)]
    [InlineData("", "stop", true, false)]
    [InlineData("", "stop", false, false)]
    [InlineData("", "wait", true, true)]
    [InlineData("", "stop", true, true)]
    [InlineData("DEFERRABLE INITIALLY DEFERRED", "wait", true, false)]
    [InlineData("DEFERRABLE INITIALLY DEFERRED", "wait", false, false)]
    [InlineData("DEFERRABLE INITIALLY DEFERRED", "stop", true, false)]
    [InlineData("DEFERRABLE INITIALLY DEFERRED", "stop", false, false)]
    [InlineData("DEFERRABLE INITIALLY DEFERRED", "wait", true, true)]
    [InlineData("DEFERRABLE INITIALLY DEFERRED", "stop", true, true)]
    public void Child_is_refused_until_the_last_part_of_the_value_that_it_refers_to_comes(string deferrable, string refused, bool receives, bool inTransaction)
    {
        string schema = Families.Replace("{0}", deferrable, StringComparison.Ordinal);
        using Database sender = RefusingReplica.Open(schema, null);
        using Database receiver = RefusingReplica.Open(schema + "PRAGMA foreign_keys = ON", refused);
        string code = new('x', Long);
        sender.Run("INSERT INTO child VALUES ('c', ?)", code);
        sender.Run("INSERT INTO parent VALUES ('p', ?)", code);
        byte[] site = ReceivePair.SiteOf(sender);
        List<SentChunk> child = SentChunk.Window(sender, ReceivePair.Stream, 0, until: 1);
        List<SentChunk> parent = SentChunk.Window(sender, ReceivePair.Stream, 1);
        Assert.True(child.Count > 1 && parent.Count > 1);

        void Take(SentChunk chunk) => _ = receives ? chunk.Receive(receiver, site) : receiver.Scalar("SELECT cloudsync_payload_apply(?)", chunk.Payload);
        string? failure = null;
        receiver.Exec(inTransaction ? "BEGIN" : "");
        foreach (SentChunk chunk in child)
        {
            Assert.Null(failure);
            failure = (Record.Exception(() => Take(chunk)) as SqlException)?.Text;
        }

        bool isLate = inTransaction && deferrable.Length > 0 && refused == "stop";
        Assert.Equal(refused == "stop" && !isLate, failure != null);
        Assert.StartsWith(failure == null ? "" : "FOREIGN KEY constraint failed", failure ?? "", StringComparison.Ordinal);
        Assert.Equal(refused == "wait" ? ["child|'c'|code|constraint"] : [], RefusingReplica.Waiting(receiver));
        Assert.Equal(isLate ? 1L : 0L, receiver.Scalar("SELECT count(*) FROM child"));
        parent.ForEach(Take);
        if (failure != null)
        {
            Take(child[^1]);
        }

        receiver.Exec(inTransaction ? "COMMIT" : "");
        Assert.Empty(RefusingReplica.Waiting(receiver));
        Assert.Equal([$"c|{Long}|p"], RefusingReplica.Read(receiver, "SELECT child.id, length(code), parent.id FROM child JOIN parent USING (code)"));
        Assert.Empty(receiver.Query("PRAGMA foreign_key_check"));
        Assert.Equal(0L, receiver.Scalar("SELECT count(*) FROM cloudsync_payload_fragments"));
        Assert.Equal(0L, receiver.Scalar("PRAGMA defer_foreign_keys"));
        Assert.Equal(receives ? ["(3, 0, 0) open"] : [], ReceivePair.Gaps(receiver));
    }

    [Theory]
    [InlineData("body TEXT NOT NULL", true)]
    [InlineData("body TEXT NOT NULL", false)]
    [InlineData("body TEXT CHECK (title IS NULL OR body IS NOT NULL)", true)]
    [InlineData("body TEXT CHECK (title IS NULL OR body IS NOT NULL)", false)]
    public void Row_waits_until_the_last_part_of_a_value_that_it_must_have_comes(string column, bool receives)
    {
        using Database sender = RefusingReplica.Open("CREATE TABLE t(id TEXT PRIMARY KEY NOT NULL, title TEXT, body TEXT); SELECT cloudsync_init('t');", null);
        using Database receiver = RefusingReplica.Open($"CREATE TABLE t(id TEXT PRIMARY KEY NOT NULL, title TEXT, {column}); SELECT cloudsync_init('t', 'cls', 2);"
            + " SELECT cloudsync_set('schema_check', 'names');");
        sender.Exec("INSERT INTO t VALUES ('1', 'long', NULL)");
        sender.Run("UPDATE t SET body = ?", new string('x', Long));
        sender.Run("INSERT INTO t VALUES ('2', 'short', 'y')");
        byte[] site = ReceivePair.SiteOf(sender);
        SentChunk[] chunks = [.. SentChunk.Window(sender, ReceivePair.Stream, 0)];

        // The title, two parts, and the other row.
        Assert.Equal(4, chunks.Length);
        void Take(SentChunk chunk) => _ = receives ? chunk.Receive(receiver, site) : receiver.Scalar("SELECT cloudsync_payload_apply(?)", chunk.Payload);
        Array.ForEach(chunks[..2], Take);
        Assert.Equal(["t|'1'|title|constraint"], RefusingReplica.Waiting(receiver));
        Assert.Equal(0L, receiver.Scalar("SELECT count(*) FROM t"));
        Array.ForEach(chunks[2..], Take);
        Assert.Empty(RefusingReplica.Waiting(receiver));
        Assert.Equal([$"1|long|{Long}", "2|short|1"], RefusingReplica.Read(receiver, "SELECT id, title, length(body) FROM t ORDER BY 1"));
        Assert.Equal(0L, receiver.Scalar("SELECT count(*) FROM cloudsync_payload_fragments"));
    }
}
