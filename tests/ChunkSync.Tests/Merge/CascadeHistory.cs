using ChunkSync.Tests.Host;

namespace ChunkSync.Tests.Merge;

/// <summary>Replicas that write tables with foreign keys of all actions, some with the keys enforced and some without, and hear of each
/// other now and then.</summary>
/// <remarks>Where keys are not enforced a child is only put under a parent that nobody deletes: one that refers to nothing elsewhere is
/// refused there for ever, which is not what is tried here.</remarks>
internal sealed class CascadeHistory
{
    public static readonly string[] Tables = ["a", "b", "c", "s"];

    private static readonly string[] Actions = ["CASCADE", "SET NULL", "SET DEFAULT"];

    private readonly Random random;
    private readonly Database[] replicas;
    private readonly bool[] enforced;
    private readonly bool deferrable;
    private readonly List<string> log;
    private int unique;
    public CascadeHistory(Random random, Database[] replicas, bool[] enforced, bool deferrable, List<string> log)
    {
        this.random = random;
        this.replicas = replicas;
        this.enforced = enforced;
        this.deferrable = deferrable;
        this.log = log;
        string schema = Schema();
        for (int i = 0; i < replicas.Length; i++)
        {
            log.Add($"{i}: foreign keys {(enforced[i] ? "on" : "off")}");
            replicas[i].Exec($"PRAGMA foreign_keys = {enforced[i]}; {schema}");
        }

        log.Add(schema);
    }

    /// <summary>Whether something was refused in the last round of the exchange: rows that are right each and do not fit together, such as
    /// halves of two composite references. Nothing that is recorded can make them fit.</summary>
    public bool IsJammed { get; private set; }

    public void Run(int steps)
    {
        for (int step = 0; step < steps; step++)
        {
            int number = random.Next(replicas.Length);
            Write(number);
            if (random.Next(3) == 0)
            {
                Send(number, random.Next(replicas.Length), everything: random.Next(2) == 0);
            }

            Check(number);
        }
    }

    /// <summary>Everybody sends everything to everybody until nothing new comes.</summary>
    /// <returns>Whether it came to an end.</returns>
    public bool Exchange()
    {
        string before = "";
        for (int round = 0; round < 12; round++)
        {
            IsJammed = false;
            for (int from = 0; from < replicas.Length; from++)
            {
                for (int to = 0; to < replicas.Length; to++)
                {
                    Send(from, to, everything: true);
                    Check(to);
                }
            }

            string now = string.Join("\n", replicas.SelectMany(Clocks));
            if (now == before)
            {
                return true;
            }

            before = now;
        }

        return false;
    }

    public static List<string> Rows(Database replica) => [.. Tables.SelectMany(table => replica.Query($"SELECT * FROM {table} ORDER BY id")
        .Select(row => table + ": " + string.Join(",", row.Select(value => value ?? "NULL"))))];

    /// <summary>What decides: causal lengths above 1 and column versions.</summary>
    public static List<string> Clocks(Database replica) => [.. Tables.SelectMany(table => replica.Query(
        $"SELECT cloudsync_pk_decode(pk, 1) || ' ' || col_name || ' ' || col_version FROM {table}_cloudsync WHERE col_name <> '__[RIP]__' OR col_version > 1 ORDER BY 1")
        .Select(row => table + " " + row[0]))];

    private string Schema()
    {
        string Action() => Actions[random.Next(Actions.Length)];
        string end = deferrable ? " DEFERRABLE INITIALLY DEFERRED" : "";
        return $"""
            CREATE TABLE a(id TEXT PRIMARY KEY NOT NULL, u UNIQUE, n);
            CREATE TABLE b(id TEXT PRIMARY KEY NOT NULL, a TEXT DEFAULT 'keep' REFERENCES a(id) ON DELETE {Action()} ON UPDATE CASCADE{end},
                au DEFAULT 'keep' REFERENCES a(u) ON DELETE {Action()} ON UPDATE {Action()}{end}, n, UNIQUE(au, id));
            CREATE TABLE c(id TEXT PRIMARY KEY NOT NULL, b TEXT DEFAULT 'keep' REFERENCES b ON DELETE {Action()} ON UPDATE CASCADE{end}, bu, bid, n,
                FOREIGN KEY(bu, bid) REFERENCES b(au, id) ON DELETE {(random.Next(2) == 0 ? "CASCADE" : "SET NULL")} ON UPDATE {(random.Next(2) == 0 ? "CASCADE" : "SET NULL")}{end});
            CREATE TABLE s(id TEXT PRIMARY KEY NOT NULL, p TEXT DEFAULT 'keep' REFERENCES s ON DELETE {Action()} ON UPDATE CASCADE{end}, n);
            SELECT cloudsync_init('a'); SELECT cloudsync_init('b'); SELECT cloudsync_init('c'); SELECT cloudsync_init('s');
            INSERT INTO a VALUES ('keep', 'keep', 0); INSERT INTO b VALUES ('keep', 'keep', 'keep', 0); INSERT INTO s VALUES ('keep', NULL, 0);
            """;
    }

    private void Write(int number)
    {
        Database replica = replicas[number];
        bool free = enforced[number];
        string id = "k" + random.Next(4);
        string other = "k" + random.Next(4);
        string fresh = $"u{number}.{unique++}";
        (string Sql, object?[] Parameters) statement = random.Next(free ? 17 : 11) switch
        {
            0 => ("INSERT INTO a VALUES (?, ?, ?) ON CONFLICT(id) DO UPDATE SET n = excluded.n", [id, fresh, random.Next(9)]),
            1 => ("DELETE FROM a WHERE id = ?", [id]),
            2 => ("UPDATE a SET u = ? WHERE id = ?", [fresh, id]),
            3 => ("UPDATE b SET n = n + 1 WHERE id = ?", [id]),
            4 => ("DELETE FROM b WHERE id = ?", [id]),
            5 => ("UPDATE c SET n = n + 1 WHERE id = ?", [id]),
            6 => ("DELETE FROM c WHERE id = ?", [id]),
            7 => ("DELETE FROM s WHERE id = ?", [id]),
            8 => ("INSERT OR IGNORE INTO b VALUES (?, 'keep', 'keep', 1)", [id]),
            9 => ("INSERT OR IGNORE INTO c VALUES (?, 'keep', 'keep', 'keep', 1)", [id]),
            10 => ("INSERT OR IGNORE INTO s VALUES (?, 'keep', 1)", [id]),
            11 or 12 => ("INSERT OR IGNORE INTO b SELECT ?, id, u, 2 FROM a WHERE id = ?", [id, other]),
            13 or 14 => ("INSERT OR IGNORE INTO c SELECT ?, id, au, id, 2 FROM b WHERE id = ?", [id, other]),
            15 => ("INSERT OR IGNORE INTO s SELECT ?, id, 2 FROM s WHERE id = ?", [id, other]),
            _ => ("UPDATE OR IGNORE s SET p = (SELECT id FROM s WHERE id = ?) WHERE id = ?", [other, id]),
        };
        try
        {
            replica.Run(statement.Sql, statement.Parameters);
            log.Add($"{number}: {statement.Sql} <- {string.Join(", ", statement.Parameters)}");
        }
        catch (SqlException refused)
        {
            // A default that refers to nothing.
            log.Add($"{number}: {statement.Sql} <- {string.Join(", ", statement.Parameters)}: {refused.Text}");
        }
    }

    /// <summary>Sends a window; where it is refused, version by version. What is refused then comes again later.</summary>
    private void Send(int from, int to, bool everything)
    {
        if (from == to)
        {
            return;
        }

        long newest = (long)replicas[from].Scalar("SELECT cloudsync_db_version()")!;
        long since = everything ? 0 : random.NextInt64(newest + 1);
        if (Apply(from, to, since, newest))
        {
            return;
        }

        for (long version = since; version < newest; version++)
        {
            Apply(from, to, version, version + 1);
        }
    }

    private bool Apply(int from, int to, long since, long until)
    {
        Database target = replicas[to];
        List<object?[]> payloads = replicas[from].Query("SELECT payload FROM cloudsync_payload_chunks WHERE since_db_version = ? AND until_db_version = ?"
            + " AND site_id = zeroblob(16) AND exclude_filter_site_id = 1", since, until);
        if (payloads.Count == 0)
        {
            return true;
        }

        log.Add($"{to}: apply {from} ({since}, {until}]");
        try
        {
            target.Exec(deferrable ? "SELECT 1" : "BEGIN; PRAGMA defer_foreign_keys = ON");
            payloads.ForEach(row => target.Scalar("SELECT cloudsync_payload_apply(?)", row[0]));
            target.Exec(deferrable ? "SELECT 1" : "COMMIT");
            return true;
        }
        catch (SqlException refused) when (refused.Code == 19)
        {
            log.Add($"{to}: {refused.Text}");
            IsJammed = true;
            target.Exec(target.InTransaction ? "ROLLBACK" : "SELECT 1");
            return false;
        }
    }

    /// <summary>No row without live clocks, no live clocks without a row.</summary>
    private void Check(int number)
    {
        foreach (string table in Tables)
        {
            object? wrong = replicas[number].Scalar($"""
                WITH k(pk, alive) AS (SELECT pk, max(iif(col_name = '__[RIP]__', col_version % 2, -1)) <> 0 FROM {table}_cloudsync GROUP BY pk)
                SELECT group_concat(id) FROM (SELECT id FROM {table} WHERE cloudsync_pk_encode(id) NOT IN (SELECT pk FROM k WHERE alive)
                UNION ALL SELECT cloudsync_pk_decode(pk, 1) FROM k WHERE alive AND pk NOT IN (SELECT cloudsync_pk_encode(id) FROM {table}))
                """);
            Assert.True(wrong == null, $"{number}: rows and clocks of {table} differ: {wrong}\n{string.Join("\n", log)}");
        }
    }
}
