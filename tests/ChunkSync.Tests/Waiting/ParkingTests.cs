using ChunkSync.Tests.Host;

namespace ChunkSync.Tests.Waiting;

/// <summary>Placeholders, which make room for other rows' values inside a call, are gone behind it, wherever they could have been copied to.</summary>
public sealed class ParkingTests
{
    private const string Plain = "CREATE TABLE t(id TEXT PRIMARY KEY NOT NULL, a TEXT, n INTEGER, b); SELECT cloudsync_init('t');";

    /// <summary>A table whose values triggers, foreign keys and indexes copy.</summary>
    private const string Copied = """
        CREATE TABLE t(id TEXT PRIMARY KEY NOT NULL, a TEXT NOT NULL DEFAULT '' UNIQUE, n INTEGER NOT NULL DEFAULT 0 UNIQUE, b CHECK (b IS NOT 'never'));
        CREATE INDEX lengths ON t(length(a), n);
        CREATE TABLE child(id INTEGER PRIMARY KEY, a TEXT REFERENCES t(a) ON UPDATE CASCADE, n INTEGER REFERENCES t(n) ON UPDATE CASCADE);
        CREATE VIRTUAL TABLE f5 USING fts5(a); CREATE VIRTUAL TABLE v5 USING fts5vocab(f5, 'row');
        CREATE VIRTUAL TABLE f4 USING fts4(a); CREATE VIRTUAL TABLE v4 USING fts4aux(f4);
        CREATE TABLE sums(n); INSERT INTO sums VALUES (0);
        CREATE TABLE copy(id PRIMARY KEY, a, n);
        CREATE TRIGGER i AFTER INSERT ON t BEGIN
          INSERT INTO f5(rowid, a) VALUES (new.rowid, new.a); INSERT INTO f4(docid, a) VALUES (new.rowid, new.a);
          UPDATE sums SET n = n + new.n; INSERT INTO copy VALUES (new.id, new.a, new.n);
        END;
        CREATE TRIGGER u AFTER UPDATE ON t BEGIN
          DELETE FROM f5 WHERE rowid = old.rowid AND a = old.a; INSERT INTO f5(rowid, a) VALUES (new.rowid, new.a);
          DELETE FROM f4 WHERE docid = old.rowid AND a = old.a; INSERT INTO f4(docid, a) VALUES (new.rowid, new.a);
          UPDATE sums SET n = n - old.n + new.n; UPDATE copy SET a = new.a, n = new.n WHERE a = old.a AND n = old.n;
        END;
        SELECT cloudsync_init('t', 'cls', 2); SELECT cloudsync_set('schema_check', 'names'); PRAGMA foreign_keys = ON;
        """;

    /// <summary>Two wrote a row at once, and the greater value of the two waits while a rotation gives the row the other one: what waits still wins.</summary>
    [Fact]
    public void Greater_of_two_equal_versions_waits_on_when_its_row_had_a_placeholder()
    {
        using Database first = RefusingReplica.Open(Plain);
        using Database second = RefusingReplica.Open(Plain);
        using Database receiver = RefusingReplica.Open("CREATE TABLE t(id TEXT PRIMARY KEY NOT NULL, a TEXT, n INTEGER UNIQUE, b); SELECT cloudsync_init('t');", "wait");
        first.Exec("INSERT INTO t(id, n) VALUES ('0', 1), ('3', 2), ('4', 9)");
        byte[]? rows = RefusingReplica.Payload(first);
        RefusingReplica.Apply(second, rows);
        RefusingReplica.Apply(receiver, rows);
        (long ofFirst, long ofSecond) = ((long)first.Scalar("SELECT cloudsync_db_version()")!, (long)second.Scalar("SELECT cloudsync_db_version()")!);
        first.Exec("UPDATE t SET n = 9 WHERE id = '3'");
        second.Exec("UPDATE t SET n = CASE id WHEN '3' THEN 1 WHEN '0' THEN 9 ELSE 2 END");
        RefusingReplica.Apply(receiver, RefusingReplica.Payload(first, ofFirst));
        RefusingReplica.Apply(receiver, RefusingReplica.Payload(second, ofSecond));
        Assert.True((long)receiver.Scalar("SELECT count(*) FROM cloudsync_waiting")! > 0);

        second.Exec("UPDATE t SET n = 50 WHERE id = '0'");
        RefusingReplica.Apply(receiver, RefusingReplica.Payload(second, ofSecond));
        Assert.Equal("0=50 3=9 4=2", receiver.Scalar("SELECT group_concat(id || '=' || n, ' ') FROM (SELECT * FROM t ORDER BY id)"));
        Assert.Equal(0L, receiver.Scalar("SELECT count(*) FROM cloudsync_waiting"));
    }

    [Theory]
    [InlineData("stop", false, "0")]
    [InlineData("wait", false, "0")]
    [InlineData("stop", true, "0")]
    [InlineData("wait", true, "'never'")]
    [InlineData("stop", false, "'never'")]
    [InlineData("wait", false, "'never'")]
    public void Placeholder_is_seen_nowhere_when_values_are_swapped_or_cannot_be(string refused, bool inTransaction, string b)
    {
        using Database sender = RefusingReplica.Open(Plain);
        using Database receiver = RefusingReplica.Open(Copied, refused);
        sender.Exec("INSERT INTO t VALUES ('1', 'one', 1, 0), ('2', 'two', 2, 0), ('3', 'three', 3, 0), ('4', 'four', 4, 0), ('5', 'five', 5, 0)");
        RefusingReplica.Apply(receiver, RefusingReplica.Payload(sender));
        receiver.Exec("INSERT INTO child(a, n) SELECT a, n FROM t");
        long news = (long)sender.Scalar("SELECT cloudsync_db_version()")!;

        // A swap, and a rotation, of which one row is refused for another reason.
        sender.Exec($"UPDATE t SET a = CASE id WHEN '1' THEN 'two' WHEN '2' THEN 'one' WHEN '3' THEN 'four' WHEN '4' THEN 'five' ELSE 'three' END,"
            + $" n = CASE id WHEN '1' THEN 2 WHEN '2' THEN 1 WHEN '3' THEN 4 WHEN '4' THEN 5 ELSE 3 END, b = CASE id WHEN '4' THEN {b} ELSE 1 END");
        try
        {
            receiver.Exec(inTransaction ? "BEGIN" : "");
            RefusingReplica.Apply(receiver, RefusingReplica.Payload(sender, news));
            Assert.False(refused == "stop" && b != "0");
        }
        catch (SqlException error)
        {
            Assert.True(refused == "stop" && b != "0", error.Text);
        }

        receiver.Exec(receiver.InTransaction ? "COMMIT" : "");
        string[] rows = RefusingReplica.Read(receiver, "SELECT a, n FROM t ORDER BY n");
        Assert.Equal(["one|1", "two|2", "three|3", "four|4", "five|5"], rows);
        Assert.Equal(rows, RefusingReplica.Read(receiver, "SELECT a, n FROM child ORDER BY n"));
        Assert.Equal(rows, RefusingReplica.Read(receiver, "SELECT a, n FROM copy ORDER BY n"));
        Assert.Equal(RefusingReplica.Read(receiver, "SELECT id, a FROM t ORDER BY 1"), RefusingReplica.Read(receiver, "SELECT id, a FROM copy ORDER BY 1"));
        Assert.Equal(["5", "4", "4", "3", "3"], RefusingReplica.Read(receiver, "SELECT length(a) FROM t INDEXED BY lengths WHERE length(a) > 0 AND n > -9e18 ORDER BY 1 DESC"));
        Assert.Equal("15", $"{receiver.Scalar("SELECT n FROM sums")}");
        string[] terms = ["five|1", "four|1", "one|1", "three|1", "two|1"];
        Assert.Equal(terms, RefusingReplica.Read(receiver, "SELECT term, doc FROM v5 ORDER BY 1"));
        Assert.Equal(terms, RefusingReplica.Read(receiver, "SELECT term, documents FROM v4 WHERE col = '*' ORDER BY 1"));
        receiver.Exec("INSERT INTO f5(f5) VALUES ('integrity-check'); INSERT INTO f4(f4) VALUES ('integrity-check')");
        Assert.Equal("ok", receiver.Scalar("PRAGMA integrity_check"));
        Assert.Empty(receiver.Query("PRAGMA foreign_key_check"));
        Assert.Equal(refused == "wait" && b != "0" ? 3L : 0L, (long)receiver.Scalar("SELECT count(*) FROM cloudsync_waiting")!);
        if (b == "0")
        {
            Assert.Equal(RefusingReplica.Read(sender, "SELECT * FROM t ORDER BY 1"), RefusingReplica.Read(receiver, "SELECT * FROM t ORDER BY 1"));
        }
    }

    [Theory]
    [InlineData("stop", false)]
    [InlineData("wait", false)]
    [InlineData("wait", true)]
    public void Broken_reference_is_not_forgiven_when_keys_were_deferred_for_a_placeholder(string refused, bool inTransaction)
    {
        const string Schema = """
            CREATE TABLE t(id TEXT PRIMARY KEY NOT NULL, a TEXT UNIQUE, n INTEGER UNIQUE, b); SELECT cloudsync_init('t');
            CREATE TABLE of_a(a REFERENCES t(a)); CREATE TABLE of_n(n REFERENCES t(n)); PRAGMA foreign_keys = ON;
            """;
        using Database sender = RefusingReplica.Open(Plain);
        using Database receiver = RefusingReplica.Open(Schema, refused);
        sender.Exec("INSERT INTO t VALUES ('1', 'x', 1, 0), ('2', 'y', 2, 0)");
        RefusingReplica.Apply(receiver, RefusingReplica.Payload(sender));
        receiver.Exec("INSERT INTO of_a VALUES ('x'), ('y'); INSERT INTO of_n VALUES (2)");

        // The swap of a needs deferred keys; and what happens to n breaks a reference that nothing mends.
        sender.Exec("UPDATE t SET a = CASE id WHEN '1' THEN 'y' ELSE 'x' END, n = n + 10");
        receiver.Exec(inTransaction ? "BEGIN" : "");
        string? failure = null;
        try
        {
            RefusingReplica.Apply(receiver, RefusingReplica.Payload(sender, 1));
        }
        catch (SqlException error)
        {
            failure = error.Text;
        }

        receiver.Exec(inTransaction ? "COMMIT" : "");
        Assert.Equal(refused == "stop", failure != null);
        Assert.Empty(receiver.Query("PRAGMA foreign_key_check"));
        Assert.Equal(["1|x|1|0", "2|y|2|0"], RefusingReplica.Read(receiver, "SELECT * FROM t ORDER BY 1"));
        Assert.Equal(0L, receiver.Scalar("PRAGMA defer_foreign_keys"));
        receiver.Exec("DELETE FROM of_n");
        RefusingReplica.Apply(receiver, RefusingReplica.Payload(sender, 1));
        Assert.Equal(["1|y|11|0", "2|x|12|0"], RefusingReplica.Read(receiver, "SELECT * FROM t ORDER BY 1"));
        Assert.Empty(RefusingReplica.Waiting(receiver));
    }
}
