using ChunkSync.Tests.Host;

namespace ChunkSync.Tests.Waiting;

/// <summary>One database of a <see cref="WaitingHistory"/>: table <c>t(id, a, b, p)</c>, in version 2 of the schema with a column <c>c</c> and a
/// table <c>u</c> more, with constraints of its own.</summary>
internal sealed class WaitingReplica
{
    private const string SecondTable = "CREATE TABLE u(id TEXT PRIMARY KEY NOT NULL, x); SELECT cloudsync_init('u');";

    private static readonly string[] Clauses = ["", "", " ON CONFLICT IGNORE", " ON CONFLICT REPLACE", " ON CONFLICT ROLLBACK", " ON CONFLICT FAIL"];
    private static readonly string[] Replaces = [" ON CONFLICT REPLACE", " ON CONFLICT REPLACE", ""];
    private static readonly string[] Raises = ["ABORT", "FAIL", "ROLLBACK"];

    private readonly string policy;
    private readonly string indexes;
    private readonly string trigger;
    private readonly string looseTable;
    private readonly bool hasKeys;
    private readonly bool leavesKeysBroken;
    private string current = "wait";
    private long sent;

    private WaitingReplica(Random random, string name, int version, string table, string looseTable, string indexes, string trigger, bool hasKeys, string policy)
    {
        Name = name;
        Version = version;
        this.looseTable = looseTable;
        this.indexes = indexes;
        this.trigger = trigger;
        this.hasKeys = hasKeys;
        leavesKeysBroken = hasKeys && table.Contains("SET NULL", StringComparison.Ordinal) && table.Contains("REPLACE", StringComparison.Ordinal);
        this.policy = policy;
        Schema = $"{name}: {table}; {indexes} {trigger} foreign_keys {hasKeys}, {policy}, version {version}";
        Database = RefusingReplica.Open($"{table}; SELECT cloudsync_init('t', 'cls', 2);{(version == 2 ? SecondTable : "")}{indexes}{trigger}"
            + $" PRAGMA foreign_keys = {hasKeys}; PRAGMA recursive_triggers = {random.Next(4) == 0}; SELECT cloudsync_set('schema_check', 'names')", "wait");
        SiteIds.Give(Database, random);
    }

    /// <summary>The database.</summary>
    public Database Database { get; }

    /// <summary>Its name in what is printed.</summary>
    public string Name { get; }

    /// <summary>Its tables, to be printed.</summary>
    public string Schema { get; }

    /// <summary>1 or 2.</summary>
    public int Version { get; private set; }

    /// <summary>The db_version at which the history began.</summary>
    public long Start { get; private set; }

    /// <summary>Whether constraints can go and come back: none is declared in the table, but CHECK and references.</summary>
    public bool CanLoosen => looseTable.Length == 0;

    /// <summary>Whether a row holds what only the inside of a call may see.</summary>
    public bool HasPlaceholder => (long)Database.Scalar("SELECT count(*) FROM t WHERE abs(a) > 1000000 OR typeof(a) IN ('text', 'blob')")! > 0;

    /// <summary>Whether a row refers to nothing although foreign keys are on.</summary>
    public bool HasDanglingReference => (long)Database.Scalar("PRAGMA foreign_keys")! != 0 && Database.Query("PRAGMA foreign_key_check").Count > 0;

    /// <summary>A replica of version 2 without constraints.</summary>
    public static WaitingReplica OpenPlain(Random random) =>
        new(random, "plain", 2, "CREATE TABLE t(id TEXT PRIMARY KEY NOT NULL, a, b, p, c DEFAULT 'none')", "", "", "", hasKeys: false, "wait");

    /// <summary>A replica with random constraints.</summary>
    /// <param name="random">The random numbers.</param>
    /// <param name="replica">Its number.</param>
    /// <param name="references">What column p refers to.</param>
    /// <param name="replaces">Whether rows that replace each other and keys that are enforced are more frequent than others.</param>
    public static WaitingReplica Open(Random random, int replica, ReferenceClause references, bool replaces = false)
    {
        string unique = random.Next(replaces ? 2 : 4) == 0 ? " UNIQUE" + (replaces ? Replaces[random.Next(Replaces.Length)] : Clauses[random.Next(Clauses.Length)]) : "";
        unique += random.Next(8) == 0 ? " NOT NULL" : "";
        string notNull = random.Next(8) == 0 ? " NOT NULL" : "";
        string reference = references.Sql + (references.Sql.Length > 0 && random.Next(3) == 0 ? " DEFERRABLE INITIALLY DEFERRED" : "");
        string check = random.Next(3) == 0 ? ", CHECK (a IS NULL OR b IS NULL OR a <= b + 3)" : "";
        string end = check + ")" + (random.Next(4) == 0 ? " WITHOUT ROWID" : "");
        int version = random.Next(3) == 0 ? 1 : 2;
        string c = version == 2 ? ", c DEFAULT 'none'" : "";
        bool isReversed = random.Next(3) == 0;
        string Columns(string ofA, string ofB) => isReversed ? $"{c}, p{reference}, b{ofB}, a{ofA}" : $", a{ofA}, b{ofB}, p{reference}{c}";
        string table = $"CREATE TABLE t(id TEXT PRIMARY KEY NOT NULL{Columns(unique, notNull)}{end}";
        string loose = unique.Length + notNull.Length == 0 ? "" : $"CREATE TABLE n(id TEXT PRIMARY KEY NOT NULL, a, b, p{reference}, c DEFAULT 'none'{end}";
        string indexes = random.Next(4) switch
        {
            0 => "CREATE UNIQUE INDEX i1 ON t(a);",
            1 => "CREATE UNIQUE INDEX i1 ON t(a, b);",
            _ => "",
        };
        indexes += random.Next(6) switch
        {
            0 => "CREATE UNIQUE INDEX i2 ON t(b % 5) WHERE a > 3;",
            1 => "CREATE UNIQUE INDEX i2 ON t(a + b);",
            2 => "CREATE UNIQUE INDEX i2 ON t(b % 5) WHERE a < 3;",
            _ => "",
        };
        string raise = $"BEGIN SELECT RAISE({Raises[random.Next(3)]}, 'no'); END;";
        string trigger = random.Next(6) switch
        {
            0 => $"CREATE TRIGGER no BEFORE INSERT ON t WHEN new.a = {replica} {raise}",
            1 => $"CREATE TRIGGER no AFTER UPDATE ON t WHEN new.b = {replica} {raise}",
            2 => $"CREATE TRIGGER no BEFORE DELETE ON t WHEN old.b = {replica} {raise}",
            _ => "",
        };
        return new(random, $"{replica}", version, table, loose, indexes, trigger, random.Next(replaces ? 4 : 2) != 1, random.Next(5) == 0 ? "stop" : "wait");
    }

    /// <summary>A history begins.</summary>
    public void Begin(Random random)
    {
        Start = sent = Newest();
        SetPolicy(random.Next(2) == 0 ? policy : "wait");
    }

    /// <summary>Sets what becomes of refused changes.</summary>
    public void SetPolicy(string value)
    {
        if (current != value)
        {
            Database.Run("SELECT cloudsync_set('apply_refused', ?)", value);
            current = value;
        }
    }

    /// <summary>Makes version 2 of the schema.</summary>
    public void Upgrade()
    {
        Database.Exec("SELECT cloudsync_begin_alter('t'); ALTER TABLE t ADD COLUMN c DEFAULT 'none'; SELECT cloudsync_commit_alter('t');" + SecondTable);
        Version = 2;
    }

    /// <summary>Runs statements of a user in a transaction.</summary>
    /// <param name="sql">The statements; only one where there is a value.</param>
    /// <param name="value">What its parameter gets.</param>
    public bool TryWrite(string sql, byte[]? value = null)
    {
        try
        {
            // A trigger that raises FAIL keeps a row without its capture.
            Database.Exec(value == null ? $"BEGIN; {sql}" : "BEGIN");
            if (value != null)
            {
                Database.Run(sql, value);
            }

            // An UPDATE for which REPLACE removes the row that the updated one refers to writes that column again as it was, behind SET NULL.
            if (leavesKeysBroken && Database.Query("PRAGMA foreign_key_check").Count > 0)
            {
                Undo();
                return false;
            }

            Database.Exec("COMMIT");
            return true;
        }
        catch (SqlException)
        {
            Undo();
            return false;
        }
    }

    /// <summary>What was written here since the last call; null when that is nothing.</summary>
    public byte[]? TakeNews() => Changes(ref sent);

    /// <summary>What was written here behind a db_version, which moves on; null when that is nothing.</summary>
    public byte[]? Changes(ref long since)
    {
        long version = Newest();
        byte[]? payload = version == since ? null : RefusingReplica.Payload(Database, since);
        since = version;
        return payload;
    }

    /// <summary>Applies a payload.</summary>
    /// <param name="payload">The payload.</param>
    /// <param name="inTransaction">Whether in a transaction of the caller's.</param>
    /// <param name="isJam">Whether it failed although what is refused is kept.</param>
    /// <returns>The error; null when there is none.</returns>
    public string? TryApply(byte[] payload, bool inTransaction, out bool isJam)
    {
        isJam = false;
        try
        {
            if (inTransaction)
            {
                Database.Exec("BEGIN");
            }

            RefusingReplica.Apply(Database, payload);
            if (inTransaction)
            {
                Database.Exec("COMMIT");
            }

            return null;
        }
        catch (SqlException failure)
        {
            // The caller's transaction, which a trigger has rolled back, cannot begin anew.
            isJam = current == "wait" && !(inTransaction && !Database.InTransaction);
            Undo();
            return failure.Text;
        }
    }

    /// <summary>How many rows wait.</summary>
    public long CountWaiting() => (long)Database.Scalar("SELECT count(*) FROM cloudsync_waiting")!;

    /// <summary>How many rows wait that something here refuses.</summary>
    public long CountRefused() => (long)Database.Scalar("SELECT count(*) FROM cloudsync_waiting WHERE reason NOT IN ('column', 'table')")!;

    /// <summary>Column c, where somebody wrote it in the life that the row has: version 1 of the schema begins lives without it, and what it is then
    /// depends on what arrived first, until all changes of all sites were exchanged (behaviour F.4).</summary>
    private const string WrittenC = "iif((SELECT max(col_version) FROM t_cloudsync WHERE pk = cloudsync_pk_encode(id) AND col_name = '__[RIP]__') > 1"
        + " AND coalesce((SELECT col_version FROM t_cloudsync WHERE pk = cloudsync_pk_encode(id) AND col_name = 'c'), 0) = 0, 'nobody wrote it', c)";

    /// <summary>The keys of rows that another replica has otherwise, as far as this one has the columns.</summary>
    public IEnumerable<string> Differences(WaitingReplica other)
    {
        string columns = Version == 2 ? "id, a, b, p, " + WrittenC : "id, a, b, p";
        List<string> keys = [.. Differing(Read("t", columns), other.Read("t", columns))];
        return Version == 1 ? keys : keys.Union(Differing(Read("u", "id, x"), other.Read("u", "id, x")));
    }

    /// <summary>A row and its clocks, to be printed.</summary>
    public string Show(string key) => string.Join("\n", (string[])[
        .. RefusingReplica.Read(Database, $"SELECT * FROM t WHERE id = '{key}'"),
        .. Version == 2 ? RefusingReplica.Read(Database, $"SELECT 'u', * FROM u WHERE id = '{key}'") : [],
        .. RefusingReplica.Read(Database, "SELECT tbl, col_name, col_value, col_version, cl, db_version, hex(site_id) FROM cloudsync_changes"
            + $" WHERE pk = cloudsync_pk_encode('{key}')"),
    ]);

    /// <summary>All changes, and what waits.</summary>
    public string[] State() => [.. RefusingReplica.Read(Database, "SELECT * FROM cloudsync_changes ORDER BY db_version, seq, tbl, pk, col_name"),
        .. RefusingReplica.Waiting(Database)];

    /// <summary>The rows, to be printed.</summary>
    public string Show() => string.Join("\n", RefusingReplica.Read(Database, "SELECT * FROM t ORDER BY id"));

    /// <summary>Takes the constraints away.</summary>
    /// <param name="isLast">For good: with those that are declared in the table.</param>
    public void Loosen(bool isLast)
    {
        Database.Exec("BEGIN; DROP INDEX IF EXISTS i1; DROP INDEX IF EXISTS i2; DROP TRIGGER IF EXISTS no; COMMIT;"
            + " PRAGMA foreign_keys = OFF; PRAGMA ignore_check_constraints = ON");
        if (isLast && Version == 1)
        {
            Upgrade();
        }

        if (isLast && looseTable.Length > 0)
        {
            Database.Exec($"SELECT cloudsync_begin_alter('t'); {looseTable}; INSERT INTO n SELECT id, a, b, p, c FROM t; DROP TABLE t;"
                + " ALTER TABLE n RENAME TO t; SELECT cloudsync_commit_alter('t')");
        }
    }

    /// <summary>The constraints come back.</summary>
    public void Tighten() => Database.Exec($"BEGIN; {indexes}{trigger} COMMIT; PRAGMA foreign_keys = {hasKeys}; PRAGMA ignore_check_constraints = OFF");

    private static IEnumerable<string> Differing(Dictionary<string, string> left, Dictionary<string, string> right) =>
        left.Keys.Union(right.Keys).Where(key => left.GetValueOrDefault(key) != right.GetValueOrDefault(key));

    private Dictionary<string, string> Read(string table, string columns) =>
        Database.Query($"SELECT {columns} FROM {table}").ToDictionary(row => (string)row[0]!, row => string.Join("|", row.Skip(1).Select(value => value ?? "NULL")));

    /// <summary>Of what is stored: cloudsync_db_version() counts an UPDATE that changes nothing until the next rollback.</summary>
    private long Newest() => (long)(Database.Scalar("SELECT max(db_version) FROM cloudsync_changes") ?? 0L);

    private void Undo()
    {
        if (Database.InTransaction)
        {
            Database.Exec("ROLLBACK");
        }
    }
}
