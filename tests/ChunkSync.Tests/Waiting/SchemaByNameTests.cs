using ChunkSync.Tests.Host;
using Xunit.Abstractions;

namespace ChunkSync.Tests.Waiting;

/// <summary>Databases of two versions of a schema exchange changes by the names of tables and columns.</summary>
public sealed class SchemaByNameTests(ITestOutputHelper output)
{
    private const string V1 = "CREATE TABLE t(id TEXT PRIMARY KEY NOT NULL, a, old); SELECT cloudsync_init('t');";
    private const string V2 = "CREATE TABLE t(id TEXT PRIMARY KEY NOT NULL, c DEFAULT 'none', a); CREATE TABLE u(id TEXT PRIMARY KEY NOT NULL, x);"
        + " SELECT cloudsync_init('t'); SELECT cloudsync_init('u');";

    private static readonly byte[] Site = [.. Enumerable.Repeat((byte)7, 16)];

    [Fact]
    public void Hash_is_looked_at_by_apply_and_names_by_receive_when_nothing_is_set()
    {
        using Database sender = RefusingReplica.Open(V2, null);
        sender.Exec("INSERT INTO t VALUES ('1', 'c', 'a')");
        using Database receiver = RefusingReplica.Open(V1, null);
        byte[] payload = RefusingReplica.Payload(sender)!;
        Assert.Contains("schema hash is unknown", Assert.Throws<SqlException>(() => RefusingReplica.Apply(receiver, payload)).Text);
        Receive(receiver, payload);
        Assert.Equal(["1|a|NULL"], RefusingReplica.Read(receiver, "SELECT * FROM t"));
        Assert.Equal(["t|'1'|c|column"], RefusingReplica.Waiting(receiver));
        receiver.Exec("SELECT cloudsync_set('schema_check', 'hash')");
        Assert.Contains("schema hash is unknown", Assert.Throws<SqlException>(() => Receive(receiver, payload)).Text);
        receiver.Exec("SELECT cloudsync_set('schema_check', 'NAMES'); SELECT cloudsync_set('apply_refused', 'wait')");
        RefusingReplica.Apply(receiver, payload);
        Assert.Equal("cloudsync_set: schema_check must be 'hash' or 'names', not 'x'",
            Assert.Throws<SqlException>(() => receiver.Exec("SELECT cloudsync_set('schema_check', 'x')")).Text);
    }

    [Fact]
    public void Unknown_table_stops_an_apply_when_changes_of_that_row_wait_already()
    {
        using Database sender = RefusingReplica.Open(V2, null);
        sender.Exec("INSERT INTO u VALUES ('1', 'x')");
        using Database receiver = RefusingReplica.Open(V1 + "SELECT cloudsync_set('schema_check', 'names')", null);
        Receive(receiver, RefusingReplica.Payload(sender)!);
        Assert.Equal(["u|'1'|x|table"], RefusingReplica.Waiting(receiver));
        Assert.Equal("Unable to apply payload changes: unknown table u",
            Assert.Throws<SqlException>(() => RefusingReplica.Apply(receiver, RefusingReplica.Payload(sender))).Text);
        Assert.Equal(["u|'1'|x|table"], RefusingReplica.Waiting(receiver));
    }

    [Fact]
    public void Upgrade_shows_what_waited_before_it_fills_new_columns()
    {
        using Database sender = RefusingReplica.Open(V2 + "SELECT cloudsync_set('schema_check', 'names')");
        sender.Exec("INSERT INTO t VALUES ('1', 'blue', 'a'); INSERT INTO u VALUES ('u', 'x')");
        using Database receiver = RefusingReplica.Open(V1 + "SELECT cloudsync_set('schema_check', 'names')");
        receiver.Exec("INSERT INTO t VALUES ('2', 'mine', 'o')");
        RefusingReplica.Apply(receiver, RefusingReplica.Payload(sender));
        Assert.Equal(["t|'1'|c|column", "u|'u'|x|table"], RefusingReplica.Waiting(receiver));
        receiver.Exec("SELECT cloudsync_begin_alter('t'); ALTER TABLE t ADD COLUMN c DEFAULT 'none'; ALTER TABLE t DROP COLUMN old; SELECT cloudsync_commit_alter('t')");
        Assert.Equal(["1|a|blue", "2|mine|none"], RefusingReplica.Read(receiver, "SELECT * FROM t ORDER BY 1"));
        Assert.Equal(["0"], RefusingReplica.Read(receiver, "SELECT col_version FROM cloudsync_changes WHERE col_name = 'c' AND pk = cloudsync_pk_encode('2')"));
        Assert.Equal(["u|'u'|x|table"], RefusingReplica.Waiting(receiver));
        receiver.Exec("CREATE TABLE u(id TEXT PRIMARY KEY NOT NULL, x); SELECT cloudsync_init('u')");
        Assert.Equal(["u|x"], RefusingReplica.Read(receiver, "SELECT * FROM u"));
        Assert.Empty(RefusingReplica.Waiting(receiver));
        RefusingReplica.Apply(sender, RefusingReplica.Payload(receiver));
        Assert.Equal(["1|blue|a", "2|none|mine"], RefusingReplica.Read(sender, "SELECT * FROM t ORDER BY 1"));
    }

    [Fact]
    public void Cell_of_a_new_life_waits_on_when_the_deletion_before_it_comes_late()
    {
        using Database sender = RefusingReplica.Open(V2);
        using Database receiver = RefusingReplica.Open(V1 + "SELECT cloudsync_set('schema_check', 'names')");
        sender.Exec("INSERT INTO t VALUES ('1', 'blue', 'a'); DELETE FROM t");
        byte[]? deletion = RefusingReplica.Payload(sender, 1);
        sender.Exec("INSERT INTO t VALUES ('1', 'green', 'b')");
        RefusingReplica.Apply(receiver, RefusingReplica.Payload(sender, 2));
        RefusingReplica.Apply(receiver, deletion);
        Assert.Equal(["t|'1'|c|column"], RefusingReplica.Waiting(receiver));
        receiver.Exec("SELECT cloudsync_begin_alter('t'); ALTER TABLE t ADD COLUMN c DEFAULT 'none'; SELECT cloudsync_commit_alter('t')");
        Assert.Equal(["1|b|NULL|green"], RefusingReplica.Read(receiver, "SELECT * FROM t"));

        // One that is newer ends it.
        sender.Exec("INSERT INTO t VALUES ('2', 'red', 'a')");
        using Database other = RefusingReplica.Open(V1 + "SELECT cloudsync_set('schema_check', 'names')");
        RefusingReplica.Apply(other, RefusingReplica.Payload(sender, 3));
        Assert.Equal(["t|'2'|c|column"], RefusingReplica.Waiting(other));
        sender.Exec("DELETE FROM t WHERE id = '2'");
        RefusingReplica.Apply(other, RefusingReplica.Payload(sender, 4));
        Assert.Empty(RefusingReplica.Waiting(other));
    }

    [Fact]
    public void Fill_has_version_1_when_only_hashes_are_matched()
    {
        using Database database = RefusingReplica.Open("CREATE TABLE t(id TEXT PRIMARY KEY NOT NULL, a); SELECT cloudsync_init('t'); INSERT INTO t VALUES ('1', 1);", null);
        database.Exec("SELECT cloudsync_begin_alter('t'); ALTER TABLE t ADD COLUMN c DEFAULT 'none'; SELECT cloudsync_commit_alter('t')");
        Assert.Equal(["1"], RefusingReplica.Read(database, "SELECT col_version FROM cloudsync_changes WHERE col_name = 'c'"));
    }

    [Fact]
    public void Columns_that_were_dropped_are_ignored_until_they_come_back()
    {
        using Database sender = RefusingReplica.Open(V1 + "SELECT cloudsync_set('schema_check', 'names')");
        using Database receiver = RefusingReplica.Open(V1 + "SELECT cloudsync_set('schema_check', 'names')");
        receiver.Exec("SELECT cloudsync_begin_alter('t'); ALTER TABLE t DROP COLUMN old; SELECT cloudsync_commit_alter('t')");
        sender.Exec("INSERT INTO t VALUES ('1', 'a', 'o')");
        RefusingReplica.Apply(receiver, RefusingReplica.Payload(sender));
        Assert.Empty(RefusingReplica.Waiting(receiver));
        receiver.Exec("SELECT cloudsync_begin_alter('t'); ALTER TABLE t ADD COLUMN old; SELECT cloudsync_commit_alter('t')");
        RefusingReplica.Apply(receiver, RefusingReplica.Payload(sender));
        Assert.Equal(["1|a|o"], RefusingReplica.Read(receiver, "SELECT * FROM t"));
    }

    [Fact]
    public void Ignored_changes_are_dropped_now_and_later()
    {
        using Database sender = RefusingReplica.Open(V2);
        sender.Exec("INSERT INTO t VALUES ('1', 'c', 'a'); INSERT INTO u VALUES ('u', 'x')");
        using Database receiver = RefusingReplica.Open(V1 + "SELECT cloudsync_set('schema_check', 'names')");
        RefusingReplica.Apply(receiver, RefusingReplica.Payload(sender));
        Assert.Equal(1L, receiver.Scalar("SELECT cloudsync_waiting_ignore('t', 'c')"));
        Assert.Equal(1L, receiver.Scalar("SELECT cloudsync_waiting_ignore('U')"));
        Assert.Empty(RefusingReplica.Waiting(receiver));
        RefusingReplica.Apply(receiver, RefusingReplica.Payload(sender));
        Assert.Empty(RefusingReplica.Waiting(receiver));
        receiver.Exec("SELECT cloudsync_set('apply_refused', 'stop')");
        RefusingReplica.Apply(receiver, RefusingReplica.Payload(sender));
        receiver.Exec("CREATE TABLE u(id TEXT PRIMARY KEY NOT NULL, x); SELECT cloudsync_init('u')");
        RefusingReplica.Apply(receiver, RefusingReplica.Payload(sender));
        Assert.Equal(["u|x"], RefusingReplica.Read(receiver, "SELECT * FROM u"));
        Assert.Contains("table t has a column 'a': take it away with cloudsync_begin_alter first",
            Assert.Throws<SqlException>(() => receiver.Exec("SELECT cloudsync_waiting_ignore('t', 'a')")).Text);
        Assert.Contains("table t is tracked here", Assert.Throws<SqlException>(() => receiver.Exec("SELECT cloudsync_waiting_ignore('t')")).Text);
        Assert.Contains("table w is not tracked here", Assert.Throws<SqlException>(() => receiver.Exec("SELECT cloudsync_waiting_ignore('w', 'x')")).Text);
    }

    [Fact, Soak("waiting-upgrades")]
    public void Values_that_people_wrote_are_never_beaten_by_a_default()
    {
        using Effort effort = Effort.Start("waiting-upgrades", output, sample: 40);
        while (effort.Next("mixes"))
        {
            Mix(effort.Random);
        }
    }

    private static void Mix(Random random)
    {
        const string Names = "SELECT cloudsync_set('schema_check', 'names');";
        const string Upgrade = "SELECT cloudsync_begin_alter('t'); ALTER TABLE t ADD COLUMN c DEFAULT 'none'; SELECT cloudsync_commit_alter('t')";
        using Database a = RefusingReplica.Open("CREATE TABLE t(id TEXT PRIMARY KEY NOT NULL, a); SELECT cloudsync_init('t');" + Names);
        using Database b = RefusingReplica.Open("CREATE TABLE t(id TEXT PRIMARY KEY NOT NULL, a); SELECT cloudsync_init('t');" + Names);
        a.Exec("INSERT INTO t VALUES ('1', 1), ('2', 2)");
        b.Exec("INSERT INTO t VALUES ('3', 3)");
        bool[] upgraded = [false, false];
        Database[] both = [a, b];
        List<string> written = [];
        for (int step = 0; step < 12; step++)
        {
            int i = random.Next(2);
            switch (random.Next(3))
            {
                case 0 when !upgraded[i]:
                    both[i].Exec(Upgrade);
                    upgraded[i] = true;
                    break;
                case 1 when upgraded[i]:
                    string key = $"{random.Next(1, 4)}";
                    if ((long)both[i].Scalar("SELECT count(*) FROM t WHERE id = ?", key)! > 0)
                    {
                        both[i].Exec($"UPDATE t SET c = 'blue' WHERE id = '{key}'");
                        written.Add(key);
                    }

                    break;
                default:
                    RefusingReplica.Apply(both[1 - i], RefusingReplica.All(both[i]));
                    break;
            }
        }

        for (int i = 0; i < 2; i++)
        {
            if (!upgraded[i])
            {
                both[i].Exec(Upgrade);
            }
        }

        for (int round = 0; round < 2; round++)
        {
            RefusingReplica.Apply(a, RefusingReplica.All(b));
            RefusingReplica.Apply(b, RefusingReplica.All(a));
        }

        Assert.Equal(RefusingReplica.Read(a, "SELECT * FROM t ORDER BY 1"), RefusingReplica.Read(b, "SELECT * FROM t ORDER BY 1"));
        Assert.All(written, key => Assert.Equal("blue", a.Scalar("SELECT c FROM t WHERE id = ?", key)));
        Assert.Empty(RefusingReplica.Waiting(a));
        Assert.Empty(RefusingReplica.Waiting(b));
    }

    private static void Receive(Database receiver, byte[] payload) =>
        receiver.Scalar("SELECT cloudsync_payload_receive(?, ?, 1, 0, 0, 2, 0, 0, 1)", payload, Site);
}
