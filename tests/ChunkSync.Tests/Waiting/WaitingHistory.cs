using ChunkSync.Tests.Host;

namespace ChunkSync.Tests.Waiting;

/// <summary>Three replicas with different constraints write at once and exchange in pieces, in any order and more than once. Nothing may stop
/// a sender, and wherever rows differ a waiting change of exactly that row says so.</summary>
internal sealed class WaitingHistory : IDisposable
{
    private const int Count = 3;

    private static readonly string[] Clauses = ["", "", " ON CONFLICT IGNORE", " ON CONFLICT REPLACE", " ON CONFLICT ROLLBACK", " ON CONFLICT FAIL"];
    private static readonly string[] Raises = ["ABORT", "FAIL", "ROLLBACK"];

    private readonly Random random;
    private readonly Database[] replicas;
    private readonly long[] sent = new long[Count];
    private readonly List<(int From, byte[] Payload)>[] inboxes = [[], [], []];
    private readonly string[] uniques = new string[Count];
    private readonly string[] tables = new string[Count];
    private readonly bool hasReferences;

    public WaitingHistory(Random random)
    {
        this.random = random;
        hasReferences = random.Next(3) == 0;
        replicas = [.. Enumerable.Range(0, Count).Select(i => RefusingReplica.Open(Schema(i), random.Next(5) == 0 ? "stop" : "wait"))];
    }

    /// <summary>What happened, to be printed.</summary>
    public List<string> Log { get; } = [];

    /// <summary>Payloads that could not be applied under the policy that keeps what is refused.</summary>
    public int Jams { get; private set; }

    /// <summary>Rows that waited at the end of the history.</summary>
    public long Waited { get; private set; }

    /// <summary>Writes and exchanges, then exchanges everything.</summary>
    public void Run(int steps)
    {
        for (int i = 0; i < steps; i++)
        {
            int replica = random.Next(Count);
            switch (random.Next(4))
            {
                case 0:
                    Send(replica);
                    break;
                case 1:
                    Deliver(replica);
                    break;
                default:
                    Write(replica);
                    break;
            }
        }

        ExchangeAll();
        Waited = replicas.Sum(replica => (long)replica.Scalar("SELECT count(*) FROM cloudsync_waiting")!);
    }

    /// <summary>A row that differs although no change of it waits; null when there is none.</summary>
    public string? Unexplained()
    {
        Dictionary<string, string>[] rows = [.. replicas.Select(Rows)];
        foreach (string key in rows.SelectMany(known => known.Keys).Distinct())
        {
            bool differs = rows.Select(known => known.GetValueOrDefault(key, "gone")).Distinct().Count() > 1;
            if (differs && !replicas.Any(replica => (long)replica.Scalar("SELECT count(*) FROM cloudsync_waiting WHERE pk = cloudsync_pk_encode(?)", key)! > 0))
            {
                return $"{key}: {string.Join(" / ", rows.Select(known => known.GetValueOrDefault(key, "gone")))}";
            }
        }

        return null;
    }

    /// <summary>Takes all causes away, tries what waits and exchanges; what differs then was lost.</summary>
    public string? Lost()
    {
        for (int i = 0; i < Count; i++)
        {
            Database replica = replicas[i];
            replica.Exec("DROP INDEX IF EXISTS u; DROP INDEX IF EXISTS e; DROP TRIGGER IF EXISTS no; PRAGMA foreign_keys = OFF; PRAGMA ignore_check_constraints = ON;"
                + " SELECT cloudsync_set('apply_refused', 'wait')");
            if (uniques[i].Length > 0)
            {
                replica.Exec($"SELECT cloudsync_begin_alter('t'); {tables[i]}; INSERT INTO n SELECT * FROM t; DROP TABLE t; ALTER TABLE n RENAME TO t;"
                    + " SELECT cloudsync_commit_alter('t')");
            }
        }

        for (int i = 0; i < Count; i++)
        {
            foreach (Database replica in replicas)
            {
                string[] before = RefusingReplica.Waiting(replica);
                Log.Add($"retry {string.Join(", ", before)}: {replica.Scalar("SELECT cloudsync_waiting_retry()")}, {string.Join(", ", RefusingReplica.Waiting(replica))}");
            }

            ExchangeAll();
        }

        string[] ends = [.. replicas.Select(replica => string.Join("\n", Rows(replica).OrderBy(row => row.Key).Select(row => $"{row.Key} {row.Value}")))];
        string[] waiting = [.. replicas.SelectMany((replica, i) => RefusingReplica.Read(replica, $"SELECT {i}, tbl, key, columns, reason, text, tries FROM cloudsync_waiting"))];
        return waiting.Length > 0 ? "still waiting: " + string.Join(", ", waiting)
            : ends.Distinct().Count() > 1 ? string.Join("\n---\n", ends)
            : replicas.Any(replica => (long)replica.Scalar("SELECT count(*) FROM t WHERE a LIKE char(1) || '%' OR a < -1000000")! > 0) ? "a placeholder is left" : null;
    }

    public void Dispose() => Array.ForEach(replicas, replica => replica.Dispose());

    private string Schema(int replica)
    {
        string references = hasReferences ? " REFERENCES t(id)" + (random.Next(3) == 0 ? " DEFERRABLE INITIALLY DEFERRED" : "") : "";
        string unique = random.Next(3) == 0 ? " UNIQUE" + Clauses[random.Next(Clauses.Length)] : "";
        uniques[replica] = unique;
        string check = random.Next(3) == 0 ? ", CHECK (a IS NULL OR b IS NULL OR a <= b + 3)" : "";
        string notNull = random.Next(5) == 0 ? " NOT NULL" : "";
        string end = $", b{notNull}, p{references}{check}){(random.Next(4) == 0 ? " WITHOUT ROWID" : "")}";
        tables[replica] = "CREATE TABLE n(id TEXT PRIMARY KEY NOT NULL, a" + end;
        string sql = $"CREATE TABLE t(id TEXT PRIMARY KEY NOT NULL, a{unique}{end};"
            + " SELECT cloudsync_init('t', 'cls', 2);";
        sql += random.Next(4) switch
        {
            0 => "CREATE UNIQUE INDEX u ON t(a);",
            1 => "CREATE UNIQUE INDEX u ON t(a, b);",
            _ => "",
        };
        sql += random.Next(5) switch
        {
            0 => "CREATE UNIQUE INDEX e ON t(b % 5) WHERE a > 3;",
            1 => "CREATE UNIQUE INDEX e ON t(a + b);",
            _ => "",
        };
        sql += random.Next(5) switch
        {
            0 => $"CREATE TRIGGER no BEFORE INSERT ON t WHEN new.a = {replica} BEGIN SELECT RAISE({Raises[random.Next(3)]}, 'no'); END;",
            1 => $"CREATE TRIGGER no AFTER UPDATE ON t WHEN new.b = {replica} BEGIN SELECT RAISE({Raises[random.Next(3)]}, 'no'); END;",
            2 => $"CREATE TRIGGER no BEFORE DELETE ON t WHEN old.b = {replica} BEGIN SELECT RAISE({Raises[random.Next(3)]}, 'no'); END;",
            _ => "",
        };
        Log.Add($"{replica}: {sql}");
        return sql + (random.Next(2) == 0 ? "PRAGMA foreign_keys = ON;" : "") + "SELECT cloudsync_set('skip_schema_hash_check', 1);";
    }

    private void Write(int replica)
    {
        string key = "k" + random.Next(6);
        string p = hasReferences && random.Next(2) == 0 ? "'k" + random.Next(6) + "'" : "NULL";
        string other = "k" + random.Next(6);
        string sql = random.Next(7) switch
        {
            0 or 1 => $"INSERT INTO t VALUES ('{key}', {random.Next(8)}, {random.Next(10)}, {p})",
            2 => $"UPDATE t SET a = {random.Next(8)} WHERE id = '{key}'",
            3 => $"UPDATE t SET b = {random.Next(10)} WHERE id = '{key}'",
            4 => $"UPDATE t SET p = {p} WHERE id = '{key}'",
            5 => $"DELETE FROM t WHERE id = '{key}'",
            _ => $"CREATE TEMP TABLE s AS SELECT id, a FROM t WHERE id IN ('{key}', '{other}'); UPDATE t SET a = -a - 100 WHERE id IN ('{key}', '{other}');"
                + $" UPDATE t SET a = (SELECT a FROM s WHERE s.id = '{other}') WHERE id = '{key}'; UPDATE t SET a = (SELECT a FROM s WHERE s.id = '{key}') WHERE id = '{other}'",
        };
        try
        {
            // A trigger that raises FAIL keeps a row without its capture.
            replicas[replica].Exec("BEGIN; " + sql + "; COMMIT");
            Log.Add($"{replica} writes {sql}");
        }
        catch (SqlException)
        {
            if (replicas[replica].InTransaction)
            {
                replicas[replica].Exec("ROLLBACK");
            }
        }

        replicas[replica].Exec("DROP TABLE IF EXISTS temp.s");
    }

    private void Send(int from)
    {
        long version = (long)replicas[from].Scalar("SELECT cloudsync_db_version()")!;
        byte[]? payload = RefusingReplica.Payload(replicas[from], sent[from]);
        if (payload == null)
        {
            return;
        }

        sent[from] = version;
        for (int to = 0; to < Count; to++)
        {
            if (to != from)
            {
                inboxes[to].Add((from, payload));
            }
        }

        Log.Add($"{from} sends up to {version}");
    }

    private void Deliver(int to)
    {
        if (inboxes[to].Count == 0)
        {
            return;
        }

        int place = random.Next(inboxes[to].Count);
        (int from, byte[] payload) = inboxes[to][place];
        if (random.Next(4) != 0)
        {
            inboxes[to].RemoveAt(place);
        }

        Log.Add($"{to} applies of {from}");
        Apply(to, payload, inTransaction: random.Next(4) == 0);
    }

    private void Apply(int to, byte[] payload, bool inTransaction)
    {
        Database replica = replicas[to];
        if (inTransaction)
        {
            replica.Exec("BEGIN");
        }

        try
        {
            RefusingReplica.Apply(replica, payload);
            if (inTransaction)
            {
                replica.Exec("COMMIT");
            }
        }
        catch (SqlException failure)
        {
            Log.Add($"{to} refuses: {failure.Text}");
            bool keeps = (string)replica.Scalar("SELECT value FROM cloudsync_settings WHERE key = 'apply_refused'")! == "wait";
            bool isRolledBack = inTransaction && !replica.InTransaction;
            Jams += keeps && !isRolledBack ? 1 : 0;
            if (replica.InTransaction)
            {
                replica.Exec("ROLLBACK");
            }
        }
    }

    private void ExchangeAll()
    {
        foreach (Database replica in replicas)
        {
            replica.Exec("SELECT cloudsync_set('apply_refused', 'wait')");
        }

        for (int round = 0; round < 3; round++)
        {
            for (int from = 0; from < Count; from++)
            {
                for (int to = 0; to < Count; to++)
                {
                    if (from != to && RefusingReplica.Payload(replicas[from]) is byte[] payload)
                    {
                        Apply(to, payload, inTransaction: false);
                    }
                }
            }
        }
    }

    private static Dictionary<string, string> Rows(Database replica) =>
        replica.Query("SELECT id, a, b, p FROM t").ToDictionary(row => (string)row[0]!, row => $"{row[1] ?? "NULL"},{row[2] ?? "NULL"},{row[3] ?? "NULL"}");
}
