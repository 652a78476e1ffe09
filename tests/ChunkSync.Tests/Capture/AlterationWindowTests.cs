using ChunkSync.Tests.Consistency;
using ChunkSync.Tests.Host;
using Xunit.Abstractions;

namespace ChunkSync.Tests.Capture;

/// <summary>What is written between begin and commit of an alteration reaches the others, exactly: what was not written keeps its
/// versions.</summary>
public sealed class AlterationWindowTests(ITestOutputHelper output)
{
    private const string Schema = "CREATE TABLE t(id TEXT PRIMARY KEY NOT NULL, a, b, c); SELECT cloudsync_init('t');";

    private const string Rows = "INSERT INTO t VALUES ('k1', 1, 'x', 1), ('k2', 2, 'y', 2), ('k3', 3, 'z', 3), ('k4', 4, 'w', 4);"
        + " INSERT INTO t VALUES ('gone', 1, 1, 1); DELETE FROM t WHERE id = 'gone';";

    /// <summary>What is written; and the clocks that differ from those before, as key, column, version.</summary>
    public static TheoryData<string, string> Writes => new()
    {
        { "", "" },
        { "UPDATE t SET a = 9 WHERE id = 'k1'", "k1 a 2" },
        { "UPDATE t SET a = a, b = b", "" },
        { "UPDATE t SET a = a + 0.0", "k1 a 2|k2 a 2|k3 a 2|k4 a 2" },
        { "DELETE FROM t WHERE id = 'k2'", "k2 - a|k2 - b|k2 - c|k2 __[RIP]__ 2" },
        { "DELETE FROM t WHERE id = 'k2'; INSERT INTO t VALUES ('k2', 2, 'new', 2)", "k2 b 2" },
        { "INSERT INTO t VALUES ('n', 1, 2, 3)", "n a 1|n b 1|n c 1" },
        { "INSERT INTO t VALUES ('gone', 1, 2, 3)", "gone __[RIP]__ 3|gone a 1|gone b 1|gone c 1" },
        { "INSERT OR REPLACE INTO t VALUES ('k3', 3, 'zz', 3)", "k3 b 2" },
        { "UPDATE t SET id = 'moved' WHERE id = 'k4'", "k4 - a|k4 - b|k4 - c|k4 __[RIP]__ 2|moved a 1|moved b 1|moved c 1" },
        { "ALTER TABLE t ADD COLUMN d; UPDATE t SET d = a WHERE id = 'k1'", "k1 d 1|k2 d 1|k3 d 1|k4 d 1" },
        { "ALTER TABLE t DROP COLUMN b; UPDATE t SET c = 7 WHERE id = 'k3'", "k1 - b|k2 - b|k3 - b|k3 c 2|k4 - b" },
        { "ALTER TABLE t DROP COLUMN c; ALTER TABLE t ADD COLUMN c DEFAULT 2", "k1 c 2|k3 c 2|k4 c 2" },
        {
            "CREATE TABLE n(id TEXT PRIMARY KEY NOT NULL, c, a, b); INSERT INTO n SELECT id, c, a, b FROM t; DROP TABLE t;"
                + " ALTER TABLE n RENAME TO t",
            ""
        },
        {
            "CREATE TABLE n(id TEXT PRIMARY KEY NOT NULL, a, b, c); INSERT INTO n SELECT id, a, upper(b), c FROM t WHERE id <> 'k1'; DROP TABLE t;"
                + " ALTER TABLE n RENAME TO t; UPDATE t SET c = 0 WHERE id = 'k2'",
            "k1 - a|k1 - b|k1 - c|k1 __[RIP]__ 2|k2 b 2|k2 c 2|k3 b 2|k4 b 2"
        },
        { "SAVEPOINT mine; UPDATE t SET a = 0; ROLLBACK TO mine; RELEASE mine", "" },
        { "SELECT cloudsync_begin_alter('t'); UPDATE t SET a = 0 WHERE id = 'k1'; SELECT cloudsync_commit_alter('t')", "k1 a 2" },
        {
            "UPDATE t SET b = 0 WHERE id = 'k1'; SELECT cloudsync_begin_alter('t'); UPDATE t SET a = 0 WHERE id = 'k1';"
                + " SELECT cloudsync_commit_alter('t'); UPDATE t SET c = 0 WHERE id = 'k1'",
            "k1 a 2|k1 b 2|k1 c 2"
        },
        { "UPDATE t SET a = 0 WHERE id = 'k1'; SELECT cloudsync_init('t'); UPDATE t SET b = 0 WHERE id = 'k1'", "k1 a 2|k1 b 2" },
        { "SELECT cloudsync_disable('t'); UPDATE t SET a = 0 WHERE id = 'k1'", "" },
    };

    [Theory]
    [MemberData(nameof(Writes))]
    public void Clocks_and_peers_have_exactly_what_was_written_between_begin_and_commit(string writes, string differences)
    {
        foreach (bool inside in (bool[])[false, true])
        {
            using Database here = Database.Open();
            using Database there = Database.Open();
            here.Exec(Schema + Rows);
            there.Exec(Schema);
            OneWay outward = new(here, there);
            outward.Send();
            if (writes.Contains("disable", StringComparison.Ordinal))
            {
                here.Deviates(Deviation.Disabled, "rows are written while capture is off");
            }

            SortedDictionary<string, string> before = Clocks(here);
            here.Exec((inside ? "BEGIN;" : "") + $"SELECT cloudsync_begin_alter('t'); {writes}; SELECT cloudsync_commit_alter('t')");
            Assert.Equal(inside, here.InTransaction);
            here.Exec(inside ? "COMMIT" : "SELECT 1");
            SortedDictionary<string, string> after = Clocks(here);
            IEnumerable<string> lost = before.Keys.Where(key => !after.ContainsKey(key)).Select(key => key.Replace(" ", " - ", StringComparison.Ordinal));
            IEnumerable<string> changed = after.Where(entry => before.GetValueOrDefault(entry.Key) != entry.Value).Select(entry => entry.Key + " " + entry.Value);
            Assert.Equal(differences.Split('|', StringSplitOptions.RemoveEmptyEntries).Order(StringComparer.Ordinal), lost.Concat(changed).Order(StringComparer.Ordinal));
            if (writes.Contains("disable", StringComparison.Ordinal))
            {
                continue;
            }

            // The peer is altered the same way, without the writes.
            foreach (string statement in writes.Split("; ").Where(statement => statement.StartsWith("ALTER TABLE t ", StringComparison.Ordinal)))
            {
                there.Exec($"SELECT cloudsync_begin_alter('t'); {statement}; SELECT cloudsync_commit_alter('t')");
            }

            there.Exec("SELECT cloudsync_set('skip_schema_hash_check', 1)");
            OneWay.Settle(outward, new OneWay(there, here));
            string columns = "id, a, c";
            Assert.Equal(here.Query($"SELECT {columns} FROM t ORDER BY id"), there.Query($"SELECT {columns} FROM t ORDER BY id"));
        }
    }

    [Fact]
    public void What_was_applied_between_begin_and_commit_stays_the_change_of_its_site()
    {
        using Database here = Database.Open();
        using Database there = Database.Open();
        here.Exec(Schema + Rows);
        there.Exec(Schema);
        OneWay outward = new(here, there);
        OneWay back = new(there, here);
        OneWay.Settle(outward, back);
        there.Exec("UPDATE t SET a = 'theirs' WHERE id = 'k1'; DELETE FROM t WHERE id = 'k2'; INSERT INTO t VALUES ('n', 1, 2, 3)");
        object? given = here.Scalar("SELECT cloudsync_db_version()");
        here.Exec("SELECT cloudsync_begin_alter('t'); UPDATE t SET b = 'ours' WHERE id = 'k3'");
        Assert.Equal(5, back.Send());
        here.Exec("SELECT cloudsync_commit_alter('t')");
        Assert.Equal(["k3 b"], here.Query(
            "SELECT cloudsync_pk_decode(pk, 1) || ' ' || col_name FROM t_cloudsync WHERE site_id = 0 AND db_version > ?", given).Select(row => row[0]));
        Assert.Equal(1, outward.Send());
        Assert.Equal(here.Query("SELECT * FROM t ORDER BY id"), there.Query("SELECT * FROM t ORDER BY id"));
    }

    [Fact]
    public void Row_that_was_replaced_beside_a_second_unique_index_dies_everywhere()
    {
        using Database here = Database.Open();
        using Database there = Database.Open();
        here.Exec("CREATE TABLE t(id TEXT PRIMARY KEY NOT NULL, a UNIQUE); SELECT cloudsync_init('t'); INSERT INTO t VALUES ('k1', 1), ('k2', 2)");
        there.Exec("CREATE TABLE t(id TEXT PRIMARY KEY NOT NULL, a UNIQUE); SELECT cloudsync_init('t')");
        OneWay outward = new(here, there);
        outward.Send();
        here.Exec("SELECT cloudsync_begin_alter('t'); INSERT OR REPLACE INTO t VALUES ('k3', 1); SELECT cloudsync_commit_alter('t')");
        outward.Send();
        Assert.Equal("k2,k3", there.Scalar("SELECT group_concat(id) FROM (SELECT id FROM t ORDER BY id)"));
    }

    [Fact]
    public void Nothing_is_left_when_an_alteration_is_given_up()
    {
        using Database database = Database.Open();
        database.Exec(Schema + Rows);
        SortedDictionary<string, string> before = Clocks(database);
        database.Exec("SELECT cloudsync_begin_alter('t'); UPDATE t SET a = 0; ROLLBACK");
        Assert.Equal(0L, database.Scalar("SELECT (SELECT count(*) FROM temp.chunksync_altered_rows) + (SELECT count(*) FROM temp.chunksync_alterations)"));
        database.Exec("BEGIN; SELECT cloudsync_begin_alter('t'); UPDATE t SET a = 0; ROLLBACK TO cloudsync_alter");
        database.Exec("ALTER TABLE t ADD COLUMN d; SELECT cloudsync_commit_alter('t'); COMMIT; SELECT cloudsync_begin_alter('t'); SELECT cloudsync_commit_alter('t')");
        Assert.Equal(before, new SortedDictionary<string, string>(Clocks(database).Where(entry => !entry.Key.EndsWith(" d", StringComparison.Ordinal)).ToDictionary()));
        Assert.Equal(0L, database.Scalar("SELECT (SELECT count(*) FROM temp.chunksync_altered_rows) + (SELECT count(*) FROM temp.chunksync_alterations)"));
    }

    [Fact, Soak("alteration-window")]
    public void Peer_ends_the_same_when_rows_are_written_at_random_between_begin_and_commit()
    {
        using Effort effort = Effort.Start("alteration-window", output, sample: 25);
        while (effort.Next("alterations"))
        {
            Random random = effort.Random;
            using Database here = Database.Open();
            using Database control = Database.Open();
            string schema = random.Next(3) switch
            {
                0 => "CREATE TABLE t(id TEXT PRIMARY KEY NOT NULL, a, b, c); SELECT cloudsync_init('t');",
                1 => "CREATE TABLE t(a, id TEXT NOT NULL, b, x INTEGER NOT NULL DEFAULT 1, c, PRIMARY KEY(x, id)) WITHOUT ROWID; SELECT cloudsync_init('t');",
                _ => "CREATE TABLE t(id TEXT PRIMARY KEY NOT NULL, a INTEGER, b TEXT, c BLOB); SELECT cloudsync_init('t');",
            };
            using Database there = Database.Open();
            foreach (Database database in (Database[])[here, control, there])
            {
                database.Exec(schema);
            }

            for (int i = 0; i < 20; i++)
            {
                string write = Write(random);
                here.Exec(write);
                control.Exec(write);
            }

            OneWay outward = new(here, there);
            OneWay back = new(there, here);
            OneWay.Settle(outward, back);
            SortedDictionary<string, string> before = Clocks(here);
            here.Exec("SELECT cloudsync_begin_alter('t')");
            for (int i = 0; i < 10; i++)
            {
                string write = Write(random);
                here.Exec(write);
                control.Exec(write);
            }

            here.Exec("SELECT cloudsync_commit_alter('t')");
            OneWay.Settle(outward, back);
            const string Table = "SELECT id, a, b, c FROM t ORDER BY id";
            Assert.Equal(control.Query(Table), here.Query(Table));
            Assert.Equal(here.Query(Table), there.Query(Table));

            // A clock that moved belongs to a value that moved, or to a row that died, was born or was written anew.
            foreach ((string key, string version) in Clocks(here).Where(entry => before.TryGetValue(entry.Key, out string? old) && old != entry.Value))
            {
                Assert.True(long.Parse(version) > long.Parse(before[key]), key);
            }
        }
    }

    private static string Write(Random random)
    {
        string id = $"'k{random.Next(6)}'";
        object value = random.Next(4) switch { 0 => random.Next(3), 1 => $"'v{random.Next(3)}'", 2 => "NULL", _ => $"zeroblob({random.Next(3)})" };
        return random.Next(6) switch
        {
            0 or 1 => $"INSERT OR REPLACE INTO t(id, a, b, c) VALUES ({id}, {value}, 'b' || {id}, {value})",
            2 => $"UPDATE t SET a = {value} WHERE id = {id}",
            3 => $"UPDATE t SET b = 'other' || {id}, c = {value} WHERE id = {id}",
            4 => $"UPDATE OR IGNORE t SET id = 'k{random.Next(6)}' WHERE id = {id}",
            _ => $"DELETE FROM t WHERE id = {id}",
        };
    }

    private static SortedDictionary<string, string> Clocks(Database database) => new(
        database.Query("SELECT cloudsync_pk_decode(pk, 1) || coalesce('/' || cloudsync_pk_decode(pk, 2), '') || ' ' || col_name, col_version FROM t_cloudsync")
            .ToDictionary(row => (string)row[0]!, row => row[1]!.ToString()!), StringComparer.Ordinal);
}
