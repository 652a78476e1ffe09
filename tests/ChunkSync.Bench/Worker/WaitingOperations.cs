using System.Diagnostics;
using System.Globalization;

namespace ChunkSync.Bench.Worker;

/// <summary>Received rows that a table refuses, in variants: what is measured is one call, after its database was prepared. Times are processor
/// times; steps of SQLite's virtual machine are counted in a run of their own.</summary>
internal static unsafe class WaitingOperations
{
    /// <summary>Received rows; two columns each.</summary>
    public const int Rows = 10_000;

    /// <summary>Tables of the database that is checked, and rows of each, two columns wide.</summary>
    private const int Tables = 50;

    private const string Plain = "CREATE TABLE t(id TEXT PRIMARY KEY NOT NULL, a TEXT, b INTEGER); ";
    private const string Unique = "CREATE TABLE t(id TEXT PRIMARY KEY NOT NULL, a TEXT UNIQUE, b INTEGER); ";
    private const string Other = "CREATE TABLE n(id TEXT PRIMARY KEY NOT NULL, a TEXT, b INTEGER); SELECT cloudsync_init('n'); ";
    private const string Track = "SELECT cloudsync_init('t'); SELECT cloudsync_set('schema_check', 'names'), cloudsync_set('apply_refused', 'wait'); ";
    private const string Numbers = "WITH RECURSIVE n(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i < 9999) ";
    private const string Own = Numbers + "INSERT INTO t SELECT printf('own%08d', i), 'own' || i, i FROM n; ";

    private static readonly string Collide = Own.Replace("'own' || i", "'a' || i", StringComparison.Ordinal);
    private static readonly string Fill = Numbers + "INSERT INTO t SELECT printf('k%08d', i), 'a' || i, i FROM n; ";

    /// <summary>What makes the second payload, by variant: values that are new, that of the next row, of the row before, of the neighbour, and of the
    /// next one in a circle.</summary>
    private static readonly Dictionary<string, string> Moves = new()
    {
        ["values"] = "'new' || b",
        ["chain, in order"] = "'a' || (b - 1)",
        ["chain, reversed"] = "'a' || (b + 1)",
        ["swaps"] = "'a' || (b + 1 - 2 * (b % 2))",
        ["one circle"] = "'a' || ((b + 1) % 10000)",
    };

    private static readonly Dictionary<string, byte[][]> Made = [];

    /// <summary>The variants, each a floor for some that follow.</summary>
    public static string[] Variants { get; } =
    [
        "apply", "store", "retry, none lands", "retry, all land", "apply, CHECK", "store, CHECK", .. Moves.Keys, "beside none", "beside 10,000",
        "conflicts, nothing kept", "conflicts, log", "conflicts, applied", "check", "status", "new_site",
    ];

    /// <summary>Runs a variant.</summary>
    public static Measurement Run(Request request, string? library)
    {
        byte[] rows = Payload(library, "rows", Fill)[0];
        (string path, string variant) = (request.Path, request.Variant);
        return variant switch
        {
            "apply" => Take(path, library, Unique + Track + Own, null, db => Apply(db, rows)),
            "store" => Take(path, library, Unique + Track + Collide, null, db => Apply(db, rows)),
            "retry, none lands" => Take(path, library, Unique + Track + Collide, db => Apply(db, rows), Retry),
            "retry, all land" => Take(path, library, Unique + Track + Collide, db =>
            {
                Apply(db, rows);
                db.Exec("UPDATE t SET a = 'free' || a");
            }, Retry),
            "apply, CHECK" => Take(path, library, Checked("b >= 0"), null, db => Apply(db, rows)),
            "store, CHECK" => Take(path, library, Checked("b < 0 OR id < 'k'"), null, db => Apply(db, rows)),
            "beside none" => Take(path, library, Unique + Track + Other + Own, db => Apply(db, rows), db => Apply(db, Beside(library))),
            "beside 10,000" => Take(path, library, Unique + Track + Other + Collide, db => Apply(db, rows), db => Apply(db, Beside(library))),
            "check" or "status" or "new_site" => Look(path, library, variant),
            _ when Moves.TryGetValue(variant, out string? value) => Move(path, library, value),
            _ => Conflicts(path, library, variant),
        };
    }

    private static string Checked(string check) => $"CREATE TABLE t(id TEXT PRIMARY KEY NOT NULL, a TEXT, b INTEGER CHECK ({check})); {Track}"
        + (check == "b >= 0" ? Own : Own.Replace("'own%08d'", "'a%08d'", StringComparison.Ordinal));

    /// <summary>Rows of another table than the one whose rows wait.</summary>
    private static byte[] Beside(string? library) => Payload(library, "beside",
        Other + Fill.Replace("INSERT INTO t SELECT", "INSERT INTO n SELECT", StringComparison.Ordinal) + "UPDATE n SET a = 'x' || a")[0];

    /// <summary>All values of a UNIQUE column change; rows is how often a statement wrote the table, chunks how many of them made room.</summary>
    private static Measurement Move(string path, string? library, string value)
    {
        byte[][] payloads = Payload(library, value, Fill, $"UPDATE t SET a = {value}");
        void Prepare(BenchDatabase db) => Apply(db, payloads[0]);
        using BenchDatabase database = New(path, library, Unique + Track);
        Prepare(database);
        database.Exec("CREATE TABLE parked(n); CREATE TRIGGER park AFTER UPDATE OF a ON t WHEN NEW.a IS NULL BEGIN INSERT INTO parked VALUES (1); END");
        Dictionary<string, long> runs = database.CountStatements(() => Apply(database, payloads[1]));
        if (database.Scalar($"SELECT count(*) FROM t WHERE a IS {value}") != Rows)
        {
            throw new InvalidOperationException("not all rows have their values");
        }

        long parked = database.Scalar("SELECT count(*) FROM parked");
        long written = runs.Where(run => run.Key.StartsWith("INSERT INTO main.\"t\"(", StringComparison.Ordinal)
            || run.Key.StartsWith("UPDATE main.\"t\" SET", StringComparison.Ordinal)).Sum(run => run.Value);
        return Take(path, library, Unique + Track, Prepare, db => Apply(db, payloads[1])) with { Rows = written, Chunks = parked };
    }

    /// <summary>Every change beats a value that was written here.</summary>
    private static Measurement Conflicts(string path, string? library, string variant)
    {
        byte[] payload = Payload(library, "newer", Fill + "UPDATE t SET a = 'x' || a, b = b + 1; UPDATE t SET a = 'y' || a, b = b + 1")[0];
        string settings = variant switch
        {
            "conflicts, log" => "SELECT cloudsync_set('conflict_log', 1000000), cloudsync_set('applied_bytes', 0); ",
            "conflicts, applied" => "",
            _ => "SELECT cloudsync_set('applied_bytes', 0); ",
        };
        return Take(path, library, Plain + Track + settings + Fill, null, db => Apply(db, payload));
    }

    /// <summary>A call on a database of 1,000,000 clocks; pages are the milliseconds of the first one on a connection, and of the second.</summary>
    private static Measurement Look(string path, string? library, string variant)
    {
        path += ".clocks";
        if (!File.Exists(path))
        {
            using BenchDatabase made = new(path, library);
            for (int table = 0; table < Tables; table++)
            {
                made.Exec(string.Create(CultureInfo.InvariantCulture,
                    $"CREATE TABLE c{table}(id TEXT PRIMARY KEY NOT NULL, a, b); SELECT cloudsync_init('c{table}'); {Numbers} INSERT INTO c{table} SELECT printf('k%08d', i), i, i FROM n"));
            }
        }

        string sql = variant switch
        {
            "check" => "SELECT count(*) FROM cloudsync_check",
            "status" => "SELECT waiting FROM cloudsync_status",
            _ => "SELECT cloudsync_new_site() IS NULL",
        };
        using BenchDatabase database = new(path, library);
        double[] took = [.. Enumerable.Range(0, 2).Select(_ => Took(() => database.Scalar(sql)))];
        return new Measurement { Milliseconds = took[1], Pages = took };
    }

    private static double Took(Action work)
    {
        long start = Stopwatch.GetTimestamp();
        work();
        return Stopwatch.GetElapsedTime(start).TotalMilliseconds;
    }

    private static Measurement Take(string path, string? library, string setup, Action<BenchDatabase>? prepare, Action<BenchDatabase> work)
    {
        long steps;
        using (BenchDatabase counted = New(path, library, setup))
        {
            prepare?.Invoke(counted);
            steps = counted.CountVmSteps(() => work(counted));
        }

        using BenchDatabase timed = New(path, library, setup);
        prepare?.Invoke(timed);
        Meter meter = new();
        work(timed);
        Measurement taken = meter.Stop();
        return taken with { Milliseconds = taken.ProcessorMilliseconds, VmSteps = steps, Rows = Rows };
    }

    private static BenchDatabase New(string path, string? library, string setup)
    {
        File.Delete(path);
        BenchDatabase database = new(path, library);
        database.Exec(setup);
        return database;
    }

    private static void Retry(BenchDatabase database) => database.Scalar("SELECT cloudsync_waiting_retry()");

    private static void Apply(BenchDatabase database, byte[] payload)
    {
        using BenchStatement apply = database.Prepare("SELECT cloudsync_payload_apply(?1)");
        fixed (byte* data = payload)
        {
            apply.BindBlob(1, data, payload.Length);
            apply.Run();
        }
    }

    /// <summary>What a database sends that runs statements: one payload for each group of them.</summary>
    private static byte[][] Payload(string? library, string name, params string[] statements)
    {
        if (Made.TryGetValue(name, out byte[][]? made))
        {
            return made;
        }

        using BenchDatabase source = new(":memory:", library);
        source.Exec(Plain + Track);
        List<byte[]> payloads = [];
        foreach (string statement in statements)
        {
            long since = source.Scalar("SELECT cloudsync_db_version()");
            source.Exec(statement);
            using BenchStatement scan = source.Prepare("SELECT payload FROM cloudsync_payload_chunks WHERE since_db_version = ?1");
            scan.Bind(1, since);
            scan.Step();
            payloads.Add(scan.Blob(0).ToArray());
            if (scan.Step())
            {
                throw new InvalidOperationException("more than one chunk");
            }
        }

        return Made[name] = [.. payloads];
    }
}
