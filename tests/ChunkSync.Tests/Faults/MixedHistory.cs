using System.Globalization;
using ChunkSync.Tests.Host;
using ChunkSync.Tests.Merge;

namespace ChunkSync.Tests.Faults;

/// <summary>A replica in a file that writes, alters, and takes what two senders write, while faults of all kinds hit it. Every operation is
/// first done to a copy of the file: that is where it must end.</summary>
internal sealed class MixedHistory : IDisposable
{
    public const string Schema = """
        CREATE TABLE t(id TEXT PRIMARY KEY NOT NULL, a, b); CREATE INDEX t_a ON t(a);
        CREATE TABLE pair(v, y INT, x TEXT, PRIMARY KEY(x, y)) WITHOUT ROWID;
        CREATE TABLE flag(id TEXT PRIMARY KEY NOT NULL);
        SELECT cloudsync_init('t'); SELECT cloudsync_init('pair'); SELECT cloudsync_init('flag');
        SELECT cloudsync_set('skip_schema_hash_check', 1);
        """;

    private const int MaxTries = 6;

    private readonly TempFile file = new();
    private readonly Random random;
    private readonly List<string> log = [];
    private readonly MixedSender applied = new("s1", isReceived: false);
    private readonly MixedSender received = new("s2", isReceived: true);
    private readonly bool isWal;
    private readonly Action<string, long> count;
    private Database database;
    private int columns;
    private int tables;
    private bool hasFilter;

    /// <summary>A new replica.</summary>
    /// <param name="random">All choices.</param>
    /// <param name="count">Gets what is tried.</param>
    public MixedHistory(Random random, Action<string, long> count)
    {
        this.random = random;
        this.count = count;
        isWal = random.Next(2) == 0;
        database = Database.Open(file.Path);
        database.Exec($"PRAGMA page_size = 1024; PRAGMA journal_mode = {(isWal ? "wal" : "delete")}; PRAGMA synchronous = OFF;" + Schema
            + "CREATE TABLE w(id TEXT PRIMARY KEY NOT NULL, a); CREATE TABLE f(id TEXT PRIMARY KEY NOT NULL, a);"
            + "SELECT cloudsync_init('w'); SELECT cloudsync_init('f')");
    }

    /// <summary>Does some operations under faults.</summary>
    public void Run(int operations)
    {
        for (int i = 0; i < operations; i++)
        {
            (random.Next(2) == 0 ? applied : received).Write(random);
            MixedSender? sender = random.Next(3) == 0 ? Waiting() : null;
            MixedOperation operation = sender?.Next() ?? Own();
            if (Try(operation))
            {
                sender?.Took();
            }

            if (random.Next(12) == 0 || TookVersionForNothing())
            {
                Reopen();
            }
        }
    }

    /// <summary>What is still on its way arrives, in both directions: then all three have the same rows.</summary>
    public void Finish()
    {
        while (Waiting() is MixedSender sender)
        {
            sender.Next().Do(database);
            sender.Took();
        }

        for (int round = 0; round < 2; round++)
        {
            foreach (Database from in (Database[])[database, applied.Database, received.Database])
            {
                foreach (Database to in (Database[])[database, applied.Database, received.Database])
                {
                    Send(from, to);
                }
            }
        }

        string[] rows = [.. new[] { database, applied.Database, received.Database }.Select(Rows)];
        Assert.True(rows[0] == rows[1] && rows[1] == rows[2], $"rows differ\n{rows[0]}\n{rows[1]}\n{rows[2]}\n{History}");
    }

    public void Dispose()
    {
        database.Dispose();
        applied.Dispose();
        received.Dispose();
        file.Dispose();
    }

    /// <summary>One transaction of a replica that has only the tables of <see cref="Schema"/>.</summary>
    public static string Write(Random random, string name)
    {
        string key = "k" + random.Next(9);
        int value = random.Next(1000);
        string sql = random.Next(12) switch
        {
            0 or 1 => $"INSERT OR REPLACE INTO t VALUES ('{key}', {value}, '{name}')",
            2 or 3 => $"INSERT INTO t VALUES ('{key}', {value}, NULL) ON CONFLICT(id) DO UPDATE SET a = excluded.a",
            4 => $"UPDATE t SET b = hex(zeroblob({value})) WHERE id = '{key}'",
            5 => $"DELETE FROM t WHERE id = '{key}'",
            6 => $"UPDATE OR IGNORE t SET id = 'k{value % 9}' WHERE id = '{key}'",
            7 => $"INSERT INTO pair VALUES ({value}, {value % 5}, '{name}') ON CONFLICT(x, y) DO UPDATE SET v = excluded.v",
            8 => $"DELETE FROM pair WHERE y = {value % 5}",
            9 => $"INSERT OR IGNORE INTO flag VALUES ('{key}'); DELETE FROM flag WHERE id = 'k{value % 9}'",
            10 => $"INSERT INTO t SELECT 'm' || value, value, '{name}' FROM (WITH RECURSIVE n(value) AS (SELECT {value % 50} UNION ALL SELECT value + 1"
                + $" FROM n WHERE value < {(value % 50) + 40}) SELECT value FROM n) WHERE true ON CONFLICT(id) DO UPDATE SET b = a, a = excluded.a",
            _ => $"UPDATE t SET a = a + 1; DELETE FROM t WHERE id GLOB 'm*{value % 10}'",
        };
        return random.Next(40) == 0
            ? $"UPDATE t SET b = {InterruptedReplica.LongValue} || '{value}' WHERE id = (SELECT min(id) FROM t)"
            : "BEGIN;" + sql + ";COMMIT";
    }

    private string History => $"journal {(isWal ? "wal" : "delete")}\n  " + string.Join("\n  ", log);

    private MixedSender? Waiting()
    {
        MixedSender[] senders = random.Next(2) == 0 ? [applied, received] : [received, applied];
        return Array.Find(senders, sender => !sender.IsDone);
    }

    /// <summary>Something that the replica does by itself.</summary>
    private MixedOperation Own()
    {
        int value = random.Next(1000);
        switch (random.Next(14))
        {
            case 0:
                columns++;
                return MixedOperation.Sql("alterations", "SELECT cloudsync_begin_alter('w');"
                    + $"ALTER TABLE w ADD COLUMN c{columns} DEFAULT {value}; SELECT cloudsync_commit_alter('w')");
            case 1 when columns > 0:
                string column = "c" + columns--;
                return MixedOperation.Sql("alterations", $"SELECT cloudsync_begin_alter('w'); ALTER TABLE w DROP COLUMN {column}; SELECT cloudsync_commit_alter('w')");
            case 2:
                tables++;
                return MixedOperation.Sql("inits", $"BEGIN; CREATE TABLE later{tables}(id TEXT PRIMARY KEY NOT NULL, a);"
                    + $"INSERT INTO later{tables} VALUES ('x', {value}), ('y', NULL); SELECT cloudsync_init('later{tables}'); COMMIT");
            case 3:
                return MixedOperation.Sql("inits", "SELECT cloudsync_init('t'); SELECT cloudsync_init('w')");
            case 4:
                hasFilter = !hasFilter;
                return MixedOperation.Sql("filters", hasFilter ? "SELECT cloudsync_set_filter('f', 'a < 500')" : "SELECT cloudsync_clear_filter('f')");
            case 5 or 6:
                return MixedOperation.Sql("writes", $"INSERT OR REPLACE INTO w(id, a) VALUES ('w{value % 7}', {value}), ('w{value % 5}', {value})");
            case 7:
                return MixedOperation.Sql("writes", $"BEGIN; INSERT OR REPLACE INTO f VALUES ('f{value % 7}', {value}); DELETE FROM w WHERE id = 'w{value % 7}'; COMMIT");
            case 8:
                return MixedOperation.Sql("pages", "SELECT sum(length(payload)) FROM cloudsync_payload_chunks WHERE since_db_version = 0 AND max_chunk_size = 262144");
            default:
                return MixedOperation.Sql("writes", Write(random, "own"));
        }
    }

    /// <summary>Does an operation under a fault, again and again until it works, or once and then never.</summary>
    /// <returns>Whether it is done.</returns>
    private bool Try(MixedOperation operation)
    {
        log.Add(operation.Name);
        MixedState before = MixedState.Of(database);
        MixedState after = Undisturbed(operation);
        bool exact = true;
        for (int attempt = 0; ; attempt++)
        {
            bool disturbed = attempt < MaxTries && (attempt > 0 || random.Next(5) > 0);
            SqlException? failure = Do(operation, disturbed);
            MixedState now = MixedState.Of(database);
            string when = $"{operation.Name}, attempt {attempt}, {failure?.Message ?? "done"}";
            AssertIdle(when);
            if (failure == null || (now.Is(after, exact) && !now.Is(before, positions: true)))
            {
                // A progress handler is asked once more when all is done, and can make SQLite report a failure then.
                Assert.True(now.Is(after, exact), $"{when}: {now.Beside(after)}\n{History}");
                return true;
            }

            Assert.True(disturbed, when + "\n" + History);
            if (operation.MayStopHalfWay)
            {
                now.AssertEachIsFrom(before, after, when + "\n" + History);
                exact &= now.Is(before, positions: true);
            }
            else
            {
                Assert.True(now.Is(before, positions: true), $"{when}: beside before: {now.Beside(before)}\nbeside after: {now.Beside(after)}\n{History}");
                if (random.Next(8) == 0)
                {
                    Forget(operation);
                    return false;
                }
            }
        }
    }

    /// <summary>The operation is given up: it has not happened.</summary>
    private void Forget(MixedOperation operation)
    {
        log.Add("  given up");
        count("given_up", 1);
        if (operation.Kind == "filters")
        {
            hasFilter = !hasFilter;
        }

        if (operation.Kind == "alterations")
        {
            columns += operation.Name.Contains("DROP COLUMN", StringComparison.Ordinal) ? 1 : -1;
        }
    }

    /// <returns>What the database said, null when it was done.</returns>
    private SqlException? Do(MixedOperation operation, bool disturbed)
    {
        count(operation.Kind, 1);
        using IDisposable pause = database.PauseChecks();
        SqlException? failure = null;
        using (MixedFault? fault = disturbed ? new MixedFault(database, file.Path, random) : null)
        {
            try
            {
                operation.Do(database);
            }
            catch (SqlException refused)
            {
                failure = refused;
            }

            log.Add($"  {string.Join(" ", fault?.Kinds ?? [])} {failure?.Message}");
        }

        if (failure != null)
        {
            count("faults", 1);
            Assert.True(disturbed, $"{operation.Name} failed without a fault: {failure.Message}\n{History}");
        }

        if (database.InTransaction)
        {
            database.Exec("ROLLBACK");
        }

        return failure;
    }

    /// <summary>Where the operation ends when nothing disturbs it: tried on a copy of the file.</summary>
    private MixedState Undisturbed(MixedOperation operation)
    {
        if (isWal)
        {
            using IDisposable pause = database.PauseChecks();
            object? busy = database.Scalar("PRAGMA wal_checkpoint(TRUNCATE)");
            Assert.True(busy is 0L, $"{database.InTransaction} {NativeSqlite.TransactionState(database.Handle, "main")} {database.BusyStatement()}: somebody holds the file\n{History}");
        }

        using TempFile copy = new(file.Path);
        using Database undisturbed = Database.Open(copy.Path);
        undisturbed.Exec("PRAGMA synchronous = OFF");
        operation.Do(undisturbed);
        return MixedState.Of(undisturbed);
    }

    private void AssertIdle(string when)
    {
        Assert.True(database.BusyStatement() == null, $"{when}: a statement is open: {database.BusyStatement()}\n{History}");
        Assert.Equal("ok", database.Scalar("PRAGMA integrity_check"));
        if (random.Next(4) == 0)
        {
            foreach (string savepoint in (string[])["chunksync_apply", "chunksync_fragment", "cloudsync_alter", "chunksync_receive"])
            {
                Assert.True(Record.Exception(() => database.Exec("RELEASE " + savepoint)) is SqlException, $"{when}: {savepoint} is open\n{History}");
            }
        }
    }

    /// <summary>Whether a local write that changed nothing has taken a version: other connections, and the copies on which operations are
    /// tried, know nothing of it.</summary>
    private bool TookVersionForNothing()
    {
        using Database other = Database.Open(file.Path);
        return !Equals(other.Scalar("SELECT cloudsync_db_version()"), database.Scalar("SELECT cloudsync_db_version()"));
    }

    private void Reopen()
    {
        log.Add("reopen");
        database.Dispose();
        database = Database.Open(file.Path);
        database.Exec("PRAGMA synchronous = OFF");
    }

    private static void Send(Database from, Database to)
    {
        if (from != to)
        {
            byte[] site = (byte[])to.Scalar("SELECT cloudsync_siteid()")!;
            foreach (string table in (string[])["t", "pair", "flag"])
            {
                foreach (object?[] row in from.Query(
                    "SELECT tbl, pk, col_name, col_value, col_version, db_version, site_id, cl, seq FROM cloudsync_changes WHERE tbl = ? AND site_id <> ?", table, site))
                {
                    to.Run("INSERT INTO cloudsync_changes(tbl, pk, col_name, col_value, col_version, db_version, site_id, cl, seq) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)", row);
                }
            }
        }
    }

    private static string Rows(Database database) => string.Join("\n", new[] { "SELECT * FROM t ORDER BY id", "SELECT x, y, v FROM pair ORDER BY x, y", "SELECT * FROM flag ORDER BY id" }
        .SelectMany(sql => database.Query(sql)).Select(row => string.Join(" ", row.Select(value => Convert.ToString(FixtureValues.Describe(value), CultureInfo.InvariantCulture)))));
}
