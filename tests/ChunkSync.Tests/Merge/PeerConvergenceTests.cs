using ChunkSync.Tests.Diagnostics;
using ChunkSync.Tests.Host;
using Xunit.Abstractions;

namespace ChunkSync.Tests.Merge;

/// <summary>Databases of this engine and of sqlite-sync exchange payloads in both directions and end with the same rows and winners.</summary>
/// <remarks>Left out is what sqlite-sync 1.1.4 is known to lose: keys in another order than declared, text behind a NUL, a key change
/// onto a live row, -0.0, and several versions inside one caller transaction.</remarks>
public class PeerConvergenceTests(ITestOutputHelper output)
{
    private const string Schema = """
        CREATE TABLE parent(id TEXT PRIMARY KEY NOT NULL, n);
        CREATE TABLE child(id TEXT PRIMARY KEY NOT NULL, parent TEXT, a, b);
        CREATE TABLE pair(y INT, x TEXT, v, PRIMARY KEY(y, x)) WITHOUT ROWID;
        SELECT cloudsync_init('parent'); SELECT cloudsync_init('child'); SELECT cloudsync_init('pair');
        """;

    private const string Everything =
        "SELECT payload FROM cloudsync_payload_chunks WHERE since_db_version = 0 AND site_id = zeroblob(16) AND exclude_filter_site_id = 1";

    private static readonly object?[] Values =
        [null, 0L, 1L, -1L, 2L, long.MaxValue, 1.5, -1.5, "", "t", "ta", "tb", "Ta", "ä", new byte[] { 0 }, new byte[] { 0x74 }, new byte[] { 0xFF }];

    [PeerFact, Soak("peer-convergence")]
    public void Databases_converge_when_payloads_go_both_ways_between_two_implementations()
    {
        using Effort effort = Effort.Start("peer-convergence", output, sample: 1000);
        while (effort.Next("histories"))
        {
            Random random = effort.Random;
            Database[] replicas = [.. Enumerable.Range(0, 2 + random.Next(3)).Select(i => i % 2 == 0 ? Database.Open() : Database.OpenPeer(PeerFactAttribute.Library))];
            try
            {
                List<string> log = [];
                Run(random, replicas, log);
                Exchange(replicas);
                string[] states = [.. replicas.Select(State)];
                Assert.True(states.All(state => state == states[0]),
                    $"history {effort.Turn}\n{string.Join("\n", log)}\n{string.Join("\n---\n", states)}");
                Array.ForEach(replicas, replica => Suspected.Nothing(replica, log));
            }
            finally
            {
                Array.ForEach(replicas, replica => replica.Dispose());
            }
        }
    }

    [PeerFact]
    public void Database_goes_on_when_the_other_implementation_opens_it()
    {
        foreach (bool startsHere in (bool[])[true, false])
        {
            using TempFile file = new();
            bool here = startsHere;
            for (int turn = 0; turn < 4; turn++, here = !here)
            {
                using Database database = here ? Database.Open(file.Path) : Database.OpenPeer(PeerFactAttribute.Library, file.Path);
                if (turn == 0)
                {
                    database.Exec(Schema);
                }

                database.Run("INSERT INTO child VALUES (?, 'p', ?, 1)", "k" + turn, (long)turn);
                database.Run("UPDATE child SET b = b + 1");
                database.Exec("DELETE FROM parent; INSERT INTO parent VALUES ('p', 1)");
            }

            using Database last = Database.Open(file.Path);
            Assert.Equal(15L, last.Scalar("SELECT max(db_version) FROM cloudsync_changes"));
            Assert.Equal("2,3,4,5", last.Scalar(
                "SELECT group_concat(col_version) FROM (SELECT col_version FROM cloudsync_changes WHERE tbl = 'child' AND col_name = 'b' ORDER BY col_version)"));
            Assert.Equal(7L, last.Scalar("SELECT max(col_version) FROM cloudsync_changes WHERE tbl = 'parent' AND col_name = '__[RIP]__'"));
            using Database copy = Database.Open();
            copy.Exec(Schema);
            last.Query(Everything).ForEach(row => copy.Scalar("SELECT cloudsync_payload_apply(?)", row[0]));
            Assert.Equal(State(last), State(copy));
        }
    }

    private static void Run(Random random, Database[] replicas, List<string> log)
    {
        foreach (Database replica in replicas)
        {
            replica.Exec(Schema);
            if (random.Next(2) == 0)
            {
                replica.Exec("SELECT cloudsync_set('payload_max_chunk_size', '262144')");
            }
        }

        List<byte[]> sent = [];
        for (int step = 0; step < 14; step++)
        {
            int number = random.Next(replicas.Length);
            Database replica = replicas[number];
            Transaction(random, replica, text => log.Add($"{number}: {text}"));
            if (random.Next(2) == 0)
            {
                long since = random.Next(4);
                log.Add($"{number}: send since {since}");
                sent.AddRange(replica.Query("SELECT payload FROM cloudsync_payload_chunks WHERE since_db_version = ?", since).Select(row => (byte[])row[0]!));
            }

            for (int i = random.Next(3); i > 0 && sent.Count > 0; i--)
            {
                int payload = random.Next(sent.Count);
                int target = random.Next(replicas.Length);
                log.Add($"{target}: apply payload {payload}");
                replicas[target].Scalar("SELECT cloudsync_payload_apply(?)", sent[payload]);
            }
        }
    }

    private static void Transaction(Random random, Database replica, Action<string> log)
    {
        replica.Exec("BEGIN");
        for (int i = random.Next(4); i >= 0; i--)
        {
            (string sql, object?[] parameters) = Statement(random);
            log(sql + " <- " + string.Join(", ", parameters.Select(FixtureValues.Describe)));
            replica.Run(sql, parameters);
        }

        string end = random.Next(8) == 0 ? "ROLLBACK" : "COMMIT";
        log(end);
        replica.Exec(end);
    }

    private static (string Sql, object?[] Parameters) Statement(Random random)
    {
        string id = "k" + random.Next(4);
        object? value = random.Next(200) == 0 ? new byte[300_000] : Values[random.Next(Values.Length)];
        return random.Next(9) switch
        {
            0 => ("INSERT OR REPLACE INTO parent VALUES (?, ?)", [id, value]),
            1 => ("DELETE FROM parent WHERE id = ?", [id]),
            2 or 3 => ("INSERT INTO child VALUES (?, ?, ?, 1) ON CONFLICT(id) DO UPDATE SET a = excluded.a", [id, "k" + random.Next(4), value]),
            4 => ("UPDATE child SET b = ? WHERE id = ?", [value, id]),
            5 => ("DELETE FROM child WHERE id = ?", [id]),
            6 => ("UPDATE OR IGNORE child SET id = ? WHERE id = ?", ["k" + random.Next(4), id]),
            7 => ("INSERT OR REPLACE INTO pair VALUES (?, ?, ?)", [(long)random.Next(2), id, value]),
            _ => ("DELETE FROM pair WHERE x = ?", [id]),
        };
    }

    private static void Exchange(Database[] replicas)
    {
        for (int round = 0; round < 2; round++)
        {
            foreach (Database from in replicas)
            {
                List<object?[]> payloads = from.Query(Everything);
                foreach (Database to in replicas.Where(to => to != from))
                {
                    payloads.ForEach(row => to.Scalar("SELECT cloudsync_payload_apply(?)", row[0]));
                }
            }
        }
    }

    /// <summary>Rows, and what decides about them: causal lengths, and the version of every column that has a winner.</summary>
    private static string State(Database database)
    {
        List<string> lines = [];
        foreach ((string table, string order) in ((string, string)[])[("parent", "id"), ("child", "id"), ("pair", "y, x")])
        {
            lines.AddRange(database.Query($"SELECT * FROM {table} ORDER BY {order}")
                .Select(row => table + ": " + string.Join(",", row.Select(FixtureValues.Describe))));
            lines.AddRange(database.Query(
                $"SELECT hex(pk) || ' ' || col_name || ' ' || col_version FROM {table}_cloudsync WHERE col_name <> '__[RIP]__' OR col_version > 1 ORDER BY pk, col_name")
                .Select(row => table + " " + row[0]));
        }

        return string.Join("\n", lines);
    }
}
