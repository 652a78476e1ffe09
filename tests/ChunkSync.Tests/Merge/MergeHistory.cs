using ChunkSync.Tests.Host;

namespace ChunkSync.Tests.Merge;

/// <summary>A random history of replicas that write and sometimes hear of each other: deletes and new lives, key changes, replaced rows,
/// cascades, rolled back work, and windows that come late, twice, incomplete or never.</summary>
internal sealed class MergeHistory(Random random, WatchedReplica[] replicas)
{
    public const string Schema = """
        PRAGMA foreign_keys = ON;
        CREATE TABLE parent(id TEXT PRIMARY KEY NOT NULL, n);
        CREATE TABLE child(id TEXT PRIMARY KEY NOT NULL, parent TEXT, a, b);
        CREATE TRIGGER cascade AFTER DELETE ON parent WHEN NOT cloudsync_is_sync('parent') BEGIN DELETE FROM child WHERE parent = OLD.id; END;
        CREATE TABLE pair(v, y INT, x TEXT, PRIMARY KEY(x, y)) WITHOUT ROWID;
        CREATE TABLE tag(name TEXT PRIMARY KEY NOT NULL);
        SELECT cloudsync_init('parent'); SELECT cloudsync_init('child'); SELECT cloudsync_init('pair'); SELECT cloudsync_init('tag');
        """;

    /// <summary>Every row of the base tables, as <see cref="ReplicaState"/> reads them.</summary>
    public const string Rows = """
        SELECT 'parent', cloudsync_pk_encode(id), 'n', n, NULL, NULL, NULL, NULL FROM parent
        UNION ALL SELECT 'child', cloudsync_pk_encode(id), 'parent', parent, 'a', a, 'b', b FROM child
        UNION ALL SELECT 'pair', cloudsync_pk_encode(y, x), 'v', v, NULL, NULL, NULL, NULL FROM pair
        UNION ALL SELECT 'tag', cloudsync_pk_encode(name), NULL, NULL, NULL, NULL, NULL, NULL FROM tag
        """;

    private const string Transaction = "BEGIN";
    private const string Savepoint = "SAVEPOINT s";

    /// <summary>Few kinds of values and few of each, so that equal versions and near values meet often. Pairs that the value order takes
    /// for equal although their bytes differ are left out, since nothing decides between them: "z" and "z\0a".</summary>
    private static readonly object?[] Values =
    [
        null, 0L, 1L, -1L, 2L, long.MinValue, long.MaxValue, 0.0, -0.0, 1.0, 2.0, -1.5, double.PositiveInfinity, "", "t", "ta", "tb", "Ta", "ä",
        "z\0a", "z\0b", Array.Empty<byte>(), new byte[] { 0 }, new byte[] { 0x74 }, new byte[] { 0x74, 0 }, new byte[] { 0xFF },
    ];

    private readonly List<SentWindow> sent = [];

    public void Run(int steps)
    {
        for (int step = 0; step < steps; step++)
        {
            WatchedReplica replica = replicas[random.Next(replicas.Length)];
            Work(replica);
            if (random.Next(2) == 0)
            {
                // The latest version alone often holds only some columns of a row: others hear of the row without ever getting the rest.
                long version = (long)replica.Database.Scalar("SELECT cloudsync_db_version()")!;
                long since = random.Next(2) == 0 ? Math.Max(0, version - 1) : random.NextInt64(version + 1);
                sent.Add(replica.Send(since, relay: random.Next(4) == 0));
            }

            if (sent.Count > 0 && random.Next(2) == 0)
            {
                Deliver(replicas[random.Next(replicas.Length)]);
            }
        }
    }

    private void Deliver(WatchedReplica target)
    {
        bool together = random.Next(3) == 0;
        if (together)
        {
            target.Save(Transaction);
        }

        for (int i = 0; i <= random.Next(3); i++)
        {
            target.Apply(sent[random.Next(sent.Count)]);
        }

        if (together)
        {
            if (random.Next(2) == 0)
            {
                Statement(target);
            }

            End(target, random.Next(5) == 0);
        }
    }

    private void Work(WatchedReplica replica)
    {
        replica.Save(Transaction);
        for (int i = 0; i <= random.Next(4); i++)
        {
            if (random.Next(5) == 0)
            {
                replica.Save(Savepoint);
                Statement(replica);
                if (random.Next(2) == 0)
                {
                    replica.Undo(Savepoint, "ROLLBACK TO s; RELEASE s");
                }
                else
                {
                    replica.Keep("RELEASE s");
                }
            }

            Statement(replica);
        }

        End(replica, random.Next(8) == 0);
    }

    private static void End(WatchedReplica replica, bool rollback)
    {
        if (rollback)
        {
            replica.Undo(Transaction, "ROLLBACK");
        }
        else
        {
            replica.Keep("COMMIT");
        }
    }

    private void Statement(WatchedReplica replica)
    {
        string id = "k" + random.Next(4);
        object? value = Values[random.Next(Values.Length)];
        (string Sql, object?[] Parameters) statement = random.Next(13) switch
        {
            0 => ("INSERT OR REPLACE INTO parent VALUES (?, ?)", [id, value]),
            1 => ("DELETE FROM parent WHERE id = ?", [id]),
            2 or 3 => ("INSERT INTO child VALUES (?, ?, ?, 1) ON CONFLICT(id) DO UPDATE SET a = excluded.a", [id, "k" + random.Next(4), value]),
            4 => ("UPDATE child SET b = ? WHERE id = ?", [value, id]),
            5 => ("DELETE FROM child WHERE id = ?", [id]),
            6 => ("UPDATE OR REPLACE child SET id = ? WHERE id = ?", ["k" + random.Next(4), id]),
            7 => ("INSERT OR REPLACE INTO pair VALUES (?, ?, ?)", [value, random.Next(2), id]),
            8 => ("UPDATE OR IGNORE pair SET y = 1 - y, v = ? WHERE x = ?", [value, id]),
            9 => ("DELETE FROM pair WHERE x = ?", [id]),
            10 => ("INSERT OR REPLACE INTO tag VALUES (?)", [id]),
            11 => ("UPDATE OR IGNORE tag SET name = ? WHERE name = ?", ["k" + random.Next(4), id]),
            _ => ("DELETE FROM tag WHERE name = ?", [id]),
        };
        replica.Write(statement.Sql, statement.Parameters);
    }
}
