using ChunkSync.Tests.Host;
using Xunit.Abstractions;

namespace ChunkSync.Tests.Merge;

/// <summary>Replicas that write at random and hear of each other in any order end with the same rows and the same winners.</summary>
public class ConvergenceTests(ITestOutputHelper output)
{
    private const int Histories = 1000;

    private const string Schema = """
        PRAGMA foreign_keys = ON;
        CREATE TABLE parent(id TEXT PRIMARY KEY NOT NULL, n);
        CREATE TABLE child(id TEXT PRIMARY KEY NOT NULL, parent TEXT, a, b);
        CREATE TRIGGER cascade AFTER DELETE ON parent WHEN NOT cloudsync_is_sync('parent') BEGIN DELETE FROM child WHERE parent = OLD.id; END;
        CREATE TABLE pair(v, y INT, x TEXT, PRIMARY KEY(x, y)) WITHOUT ROWID;
        SELECT cloudsync_init('parent'); SELECT cloudsync_init('child'); SELECT cloudsync_init('pair');
        """;

    [Fact]
    public void Replicas_converge_when_payloads_come_in_any_order_and_more_than_once()
    {
        Random random = new(Seed.Next(output));
        for (int history = 0; history < Histories; history++)
        {
            int count = history % 50 == 0 ? 6 : 2 + random.Next(2);
            Database[] replicas = [.. Enumerable.Range(0, count).Select(_ => Database.Open())];
            try
            {
                RunHistory(random, replicas);
                Exchange(replicas);
                string[] states = [.. replicas.Select(State)];
                Assert.True(states.All(state => state == states[0]), $"history {history}\n" + string.Join("\n---\n", states));
                Assert.All(replicas, replica => Assert.Equal("ok", replica.Scalar("PRAGMA integrity_check")));
            }
            finally
            {
                Array.ForEach(replicas, replica => replica.Dispose());
            }
        }

        output.WriteLine($"{Histories} histories converged");
    }

    private static void RunHistory(Random random, Database[] replicas)
    {
        Array.ForEach(replicas, replica => replica.Exec(Schema));
        List<byte[]> sent = [];
        for (int step = 0; step < 12; step++)
        {
            Database replica = replicas[random.Next(replicas.Length)];
            Transaction(random, replica);
            if (random.Next(2) == 0)
            {
                long since = random.Next(4);
                sent.AddRange(replica.Query("SELECT payload FROM cloudsync_payload_chunks WHERE since_db_version = ?", since).Select(row => (byte[])row[0]!));
            }

            if (sent.Count > 0 && random.Next(2) == 0)
            {
                Deliver(random, replicas[random.Next(replicas.Length)], sent);
            }
        }
    }

    private static void Deliver(Random random, Database target, List<byte[]> sent)
    {
        bool together = random.Next(3) == 0;
        if (together)
        {
            target.Exec("BEGIN");
        }

        for (int i = 0; i <= random.Next(3); i++)
        {
            target.Scalar("SELECT cloudsync_payload_apply(?)", sent[random.Next(sent.Count)]);
        }

        if (together)
        {
            if (random.Next(2) == 0)
            {
                Statement(random, target);
            }

            target.Exec(random.Next(5) == 0 ? "ROLLBACK" : "COMMIT");
        }
    }

    private static void Transaction(Random random, Database replica)
    {
        replica.Exec("BEGIN");
        for (int i = 0; i <= random.Next(4); i++)
        {
            if (random.Next(5) == 0)
            {
                replica.Exec("SAVEPOINT s");
                Statement(random, replica);
                replica.Exec(random.Next(2) == 0 ? "ROLLBACK TO s; RELEASE s" : "RELEASE s");
            }

            Statement(random, replica);
        }

        replica.Exec(random.Next(8) == 0 ? "ROLLBACK" : "COMMIT");
    }

    private static void Statement(Random random, Database replica)
    {
        string id = "k" + random.Next(4);
        object? value = random.Next(5) switch { 0 => null, 1 => 1.5 * random.Next(3), 2 => "t" + random.Next(3), 3 => new byte[] { (byte)random.Next(3) }, _ => (long)random.Next(5) };
        switch (random.Next(10))
        {
            case 0:
                replica.Run("INSERT OR REPLACE INTO parent VALUES (?, ?)", id, value);
                break;
            case 1:
                replica.Run("DELETE FROM parent WHERE id = ?", id);
                break;
            case 2 or 3:
                replica.Run("INSERT INTO child VALUES (?, ?, ?, 1) ON CONFLICT(id) DO UPDATE SET a = excluded.a", id, "k" + random.Next(4), value);
                break;
            case 4:
                replica.Run("UPDATE child SET b = ? WHERE id = ?", value, id);
                break;
            case 5:
                replica.Run("DELETE FROM child WHERE id = ?", id);
                break;
            case 6:
                replica.Run("UPDATE OR REPLACE child SET id = ? WHERE id = ?", "k" + random.Next(4), id);
                break;
            case 7:
                replica.Run("INSERT OR REPLACE INTO pair VALUES (?, ?, ?)", value, random.Next(2), id);
                break;
            case 8:
                replica.Run("UPDATE OR IGNORE pair SET y = 1 - y, v = ? WHERE x = ?", value, id);
                break;
            default:
                replica.Run("DELETE FROM pair WHERE x = ?", id);
                break;
        }
    }

    /// <summary>Everybody sends everything it knows to everybody, until nothing changes: relays included.</summary>
    private static void Exchange(Database[] replicas)
    {
        for (int round = 0; round < 2; round++)
        {
            foreach (Database from in replicas)
            {
                List<object?[]> payloads = from.Query(
                    "SELECT payload FROM cloudsync_payload_chunks WHERE since_db_version = 0 AND site_id = zeroblob(16) AND exclude_filter_site_id = 1");
                foreach (Database to in replicas.Where(to => to != from))
                {
                    payloads.ForEach(row => to.Scalar("SELECT cloudsync_payload_apply(?)", row[0]));
                }
            }
        }
    }

    /// <summary>Rows, and what decides about them: causal lengths and column versions.</summary>
    private static string State(Database database)
    {
        List<string> lines = [];
        foreach (string table in (string[])["parent", "child", "pair"])
        {
            lines.AddRange(database.Query($"SELECT * FROM {table} ORDER BY 3, 2, 1".Replace(table == "parent" ? "3, 2, 1" : "zzz", "1"))
                .Select(row => table + ": " + string.Join(",", row.Select(FixtureValues.Describe))).Order(StringComparer.Ordinal));
            lines.AddRange(database.Query(
                $"SELECT hex(pk) || ' ' || col_name || ' ' || col_version FROM {table}_cloudsync WHERE col_name = '__[RIP]__' AND col_version > 1 ORDER BY pk")
                .Select(row => table + " " + row[0]));
        }

        return string.Join("\n", lines);
    }
}
