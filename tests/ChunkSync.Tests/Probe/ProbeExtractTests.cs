using ChunkSync.Tests.Host;
using Xunit.Abstractions;

namespace ChunkSync.Tests.Probe;

/// <summary>Random histories, staged as many small chunks: an extract and its complement, applied to an empty replica in either order, give the rows of
/// the sender, and the receive checkpoint stays where it was.</summary>
public sealed class ProbeExtractTests(ITestOutputHelper output)
{
    private const string Schema = "CREATE TABLE items(id TEXT PRIMARY KEY NOT NULL, project TEXT, n); CREATE TABLE notes(id TEXT PRIMARY KEY NOT NULL, body);"
        + "SELECT cloudsync_init('items'), cloudsync_init('notes')";

    [Fact, Soak("probe-extracts")]
    public void Extract_and_complement_give_the_sender_s_rows_when_applied_in_either_order()
    {
        using Effort effort = Effort.Start("probe-extracts", output, sample: 25);
        while (effort.Next("histories"))
        {
            using Database sender = History(effort.Random);
            string set = RandomSet(effort.Random, sender);
            foreach (int first in (int[])[0, 1])
            {
                using Database receiver = Database.Open();
                receiver.Exec(Schema);
                effort.Add("pages", Apply(sender, receiver, set, first, effort.Random, "SELECT cloudsync_payload_apply(?, 0)"));
                Assert.Empty(receiver.Query("SELECT 1 FROM cloudsync_settings WHERE key IN ('check_dbversion', 'check_seq')"));
                effort.Add("pages", Apply(sender, receiver, set, 1 - first, effort.Random, "SELECT cloudsync_payload_apply(?, 0)"));
                Assert.Equal(State(sender), State(receiver));
                Assert.Empty(receiver.Query("SELECT 1 FROM cloudsync_settings WHERE key IN ('check_dbversion', 'check_seq')"));
            }
        }
    }

    [PeerFact, Soak("probe-extracts-peer")]
    public void Extract_and_complement_give_the_sender_s_rows_when_sqlite_sync_applies_them()
    {
        using Effort effort = Effort.Start("probe-extracts-peer", output, sample: 40);
        while (effort.Next("histories"))
        {
            using Database sender = History(effort.Random);
            string set = RandomSet(effort.Random, sender);
            foreach (int first in (int[])[0, 1])
            {
                using Database receiver = Database.OpenPeer(PeerFactAttribute.Library);
                receiver.Exec(Schema);
                effort.Add("pages", Apply(sender, receiver, set, first, effort.Random, "SELECT cloudsync_payload_apply(?)"));

                // 1.1.4 has no second argument: what it noted as received is put back.
                receiver.Exec("DELETE FROM cloudsync_settings WHERE key IN ('check_dbversion', 'check_seq')");
                effort.Add("pages", Apply(sender, receiver, set, 1 - first, effort.Random, "SELECT cloudsync_payload_apply(?)"));
                Assert.Equal(State(sender), State(receiver));
            }
        }
    }

    private static long Apply(Database sender, Database receiver, string set, int invert, Random random, string apply)
    {
        int size = random.Next(3) switch { 0 => 1, 1 => random.Next(100, 1000), _ => 0 };
        List<object?[]> pages = sender.Query("SELECT payload FROM cloudsync_payload_probe"
            + $" WHERE source = 'staged' AND probes = ({set}) AND invert = {invert} AND max_chunk_size = {size} AND compress = {random.Next(2)}");
        foreach (object?[] page in pages)
        {
            receiver.Run(apply, page[0]);
        }

        return pages.Count;
    }

    /// <summary>Two replicas write and hear of each other; the first one's changes lie in chunks of a few.</summary>
    private static Database History(Random random)
    {
        using Database other = Database.Open();
        Database sender = Database.Open();
        sender.Exec(Schema);
        other.Exec(Schema);
        for (int step = random.Next(20, 60); step > 0; step--)
        {
            Database writer = random.Next(3) == 0 ? other : sender;
            string key = "k" + random.Next(12);
            switch (random.Next(6))
            {
                case 0:
                    writer.Run($"DELETE FROM {(random.Next(2) == 0 ? "items" : "notes")} WHERE id = ?", key);
                    break;
                case 1:
                    writer.Run("INSERT INTO notes VALUES (?, ?) ON CONFLICT(id) DO UPDATE SET body = excluded.body", key, new string('b', random.Next(300)));
                    break;
                case 2:
                    Database reader = writer == sender ? other : sender;
                    foreach (object?[] chunk in writer.Query("SELECT payload FROM cloudsync_payload_chunks WHERE since_db_version = 0"))
                    {
                        reader.Run("SELECT cloudsync_payload_apply(?)", chunk[0]);
                    }

                    break;
                default:
                    writer.Run("INSERT INTO items VALUES (?, ?, ?) ON CONFLICT(id) DO UPDATE SET n = excluded.n", key, "p" + random.Next(3), random.Next(100));
                    break;
            }
        }

        sender.Exec($"""
            CREATE TABLE staged(chunk_index INTEGER PRIMARY KEY, payload_index BLOB, payload BLOB NOT NULL);
            INSERT INTO staged(chunk_index, payload)
            SELECT n / {random.Next(1, 9)}, cloudsync_payload_encode(tbl, pk, col_name, col_value, col_version, db_version, site_id, cl, seq)
            FROM (SELECT *, row_number() OVER (ORDER BY db_version, seq) - 1 AS n FROM cloudsync_changes) GROUP BY 1;
            UPDATE staged SET payload_index = cloudsync_payload_index(payload, 1 + chunk_index % 2) WHERE chunk_index % 3 < 2;
            """);
        return sender;
    }

    private static string RandomSet(Random random, Database sender)
    {
        long last = (long)sender.Scalar("SELECT cloudsync_db_version()")!;
        return random.Next(5) switch
        {
            0 => $"SELECT cloudsync_probe_set('entity', 'ITEMS', cloudsync_pk_encode(value)) FROM json_each('[\"k1\", \"k{random.Next(12)}\", \"no\"]')",
            1 => "SELECT cloudsync_probe_set('table', 'notes')",
            2 => "SELECT cloudsync_probe_set('site', cloudsync_siteid())",
            3 => $"SELECT cloudsync_probe_set('range', {random.NextInt64(last + 1)}, {random.Next(3)}, NULL, NULL)",
            _ => $"SELECT cloudsync_probe_set(k, a, b, NULL, NULL) FROM (SELECT 'table' AS k, 'items' AS a, NULL AS b UNION ALL SELECT 'range', {random.NextInt64(last + 1)}, NULL)",
        };
    }

    private static string State(Database database) => string.Join("\n", database.Query("SELECT 'i', id, project, n FROM items UNION ALL SELECT 'n', id, body, NULL FROM notes ORDER BY 1, 2")
        .Select(row => string.Join("|", row)));
}
