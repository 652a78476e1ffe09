using System.Globalization;

namespace ChunkSync.Bench.Worker;

/// <summary>Operations that arrive at trees with logs of several lengths. Everything but the last variants of a length is undone behind its measurement. Times
/// are processor times; steps of SQLite's virtual machine are counted in a run of their own.</summary>
internal static unsafe class TreeOperations
{
    /// <summary>The lengths of the logs.</summary>
    public static readonly long[] Lengths = [5000, 50_000, 500_000, 1_000_000];

    /// <summary>Operations between the head of the log and one that arrives.</summary>
    public static readonly long[] Late = [1, 10, 100, 1000, 10_000, 100_000];

    /// <summary>Nodes that are moved under each other: few enough for the shortest log to have moved all of them, so that logs that end alike have one
    /// tree.</summary>
    private const int Folders = 200;

    /// <summary>Operations of a batch.</summary>
    public const int Batch = 1000;

    /// <summary>Local moves of a run; operations of one payload; payloads of one operation.</summary>
    public const int Moves = 2000;
    public const int Together = 10_000;
    public const int Single = 200;

    private const string Site = "x'5151515151515151515151515151515f'";
    private const string Earlier = "x'1111111111111111111111111111111f'";
    private const string Later = "x'9191919191919191919191919191919f'";

    /// <summary>A folder at the root that no operation names: the way up from it is the same in all logs.</summary>
    private const string Hub = "'hub1'";

    private const string Carrier = """
        CREATE TABLE items(id TEXT PRIMARY KEY NOT NULL, parent_id TEXT, pos TEXT, title TEXT);
        CREATE TABLE items_treeops(lamport INTEGER NOT NULL, site BLOB NOT NULL, node NOT NULL, parent NOT NULL, pos NOT NULL,
          PRIMARY KEY(lamport, site, node, parent, pos)) WITHOUT ROWID;
        SELECT cloudsync_init('items'), cloudsync_init('items_treeops'); SELECT cloudsync_set('schema_check', 'names');
        """;

    private static readonly Dictionary<(long, string), byte[][]> Made = [];

    /// <summary>What is measured with a log of that length.</summary>
    public static string[] VariantsOf(long length) => length == Lengths[^1]
        ? [.. Late.Append(1_000_000).Select(by => "late|" + by)]
        :
        [
            .. Late.Where(by => by <= length).Select(by => "late|" + by), .. Late.Where(by => by <= length).Select(by => "leaf|" + by),
            .. Late.Where(by => by <= length).Select(by => "reorder|" + by), "in order|0", "leaf in order|0", .. length > 10_000 ? ["batch|10000"] : Array.Empty<string>(),
            "pairs|0", "local|0", "local plain|0", .. length == 50_000 ? ["together|0", "together plain|0", "size|0"] : Array.Empty<string>(),
        ];

    /// <summary>What is measured in a managed process, where allocations can be counted.</summary>
    public static string[] ManagedVariantsOf(long length) => length == Lengths[^1] ? ["late|1", "late|1000000"] : [];

    /// <summary>Runs a variant: the chunk size is the length of the log.</summary>
    public static Measurement Run(Request request, string? library)
    {
        long length = request.ChunkSize;
        if (request.Variant == "stage")
        {
            return Stage(request.Path, length, library);
        }

        string[] parts = request.Variant.Split('|');
        long by = long.Parse(parts[1], CultureInfo.InvariantCulture);
        long nodes = Nodes(length);
        switch (parts[0])
        {
            case "late":
                return Fold(request.Path, library, Payloads(library, length, request.Variant, Operation(length - by, Later, Key(17), Hub, "'n9'")));
            case "leaf":
                return Fold(request.Path, library, Payloads(library, length, request.Variant, Operation(length - by, Later, Key(nodes + 3), Key(42), "'n9'")));
            case "reorder":
                using (BenchDatabase database = new(request.Path, library))
                {
                    string parent = ParentBefore(database, 17, length - by);
                    return Fold(request.Path, library, Payloads(library, length, request.Variant, Operation(length - by, Later, Key(17), parent, "'n9'")));
                }

            case "in order":
                return Fold(request.Path, library, Payloads(library, length, request.Variant, Operation(length + 1, Later, Key(17), Hub, "'n9'")));
            case "leaf in order":
                return Fold(request.Path, library, Payloads(library, length, request.Variant, Operation(length + 1, Later, Key(nodes + 3), Key(42), "'n9'")));
            case "batch":
                return Fold(request.Path, library, Payloads(library, length, request.Variant, Random(length - by, by / Batch, Batch, Later, nodes)));
            case "pairs":
                return Pairs(request.Path, library, length);
            case "local":
                return Local(request.Path, library, length);
            case "local plain":
                return Local(request.Path + ".ops", library, length);
            case "together":
                return Fold(request.Path, library, Payloads(library, length, "together", Random(length + 1, 1, Together, Later, nodes)));
            case "together plain":
                return Fold(request.Path + ".ops", library, Payloads(library, length, "together", Random(length + 1, 1, Together, Later, nodes)));
            default:
                return Size(request.Path, library, length);
        }
    }

    /// <summary>Nodes that are moved under each other; a tenth as many leaves come behind them.</summary>
    private static long Nodes(long length) => length == Lengths[^1] ? 100_000 : Folders;

    /// <summary>A key of 16 characters.</summary>
    private static string Key(long node) => string.Create(CultureInfo.InvariantCulture, $"'{Key32(node, 2_654_435_761):x8}{Key32(node, 2_246_822_519):x8}'");

    private static uint Key32(long node, long factor) => (uint)((node + 1) * factor);

    private static string KeySql(string node) => $"printf('%08x%08x', ((({node}) + 1) * 2654435761) & 4294967295, ((({node}) + 1) * 2246822519) & 4294967295)";

    private static string Operation(long lamport, string site, string node, string parent, string pos) =>
        string.Create(CultureInfo.InvariantCulture, $"INSERT INTO items_treeops VALUES ({lamport}, {site}, {node}, {parent}, {pos})");

    /// <summary>Moves of folders under folders, and each tenth of a leaf, mostly so that each folder has about eight, as in outlines. What they are depends on how far they are from the end: logs of several lengths end
    /// alike.</summary>
    private static string Random(long first, long step, long count, string site, long nodes)
    {
        string a = "(((r * 40503) % 1000003) * 2654435761 >> 9)", b = "(((r * 69069 + 7) % 1000003) * 2246822519 >> 9)";
        string node = $"CASE WHEN r % 10 = 0 THEN {nodes} + ({a}) % {nodes / 10} ELSE ({a}) % {nodes} END", parent = $"({b}) % CASE WHEN r % 16 = 7 THEN {nodes} ELSE node / 8 + 1 END";
        return string.Create(CultureInfo.InvariantCulture, $"""
            WITH RECURSIVE s(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM s WHERE i + 1 < {count}), o(i, r) AS (SELECT i, {count} - i FROM s),
              m(i, r, node) AS (SELECT i, r, {node} FROM o), p(i, node, parent, pos) AS (SELECT i, node, {parent}, 'n' || (r % 10) FROM m)
            INSERT INTO items_treeops SELECT {first} + i * {step}, {site}, {KeySql("node")}, {KeySql("CASE WHEN parent = node THEN (parent + 1) % " + nodes + " ELSE parent END")}, pos FROM p
            """);
    }

    /// <summary>Makes a database that has the operations in a table that is tracked and no tree, and one that is a tree and has received them.</summary>
    private static Measurement Stage(string path, long length, string? library)
    {
        Made.Clear();
        File.Delete(path);
        File.Delete(path + ".ops");
        long nodes = Nodes(length);
        string rows = string.Create(CultureInfo.InvariantCulture,
            $"WITH RECURSIVE n(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i + 1 < {nodes + (nodes / 10)}) INSERT INTO items SELECT {KeySql("i")}, NULL, NULL, 'title' FROM n; INSERT INTO items VALUES ('hub1', NULL, NULL, ''), ('hub2', NULL, NULL, '')");
        using BenchDatabase operations = new(path + ".ops", library);
        operations.Exec(Carrier);
        operations.Exec(rows);
        long since = operations.Scalar("SELECT cloudsync_db_version()");
        operations.Exec(Random(1, 1, length, Site, nodes));
        using BenchDatabase tree = new(path, library);
        tree.Exec("CREATE TABLE items(id TEXT PRIMARY KEY NOT NULL, parent_id TEXT, pos TEXT, title TEXT); SELECT cloudsync_init('items'); SELECT cloudsync_set('schema_check', 'names')");
        tree.Exec(rows);
        tree.Exec("SELECT cloudsync_tree_init('items', 'parent_id', 'pos')");
        using BenchStatement scan = operations.Prepare("SELECT payload FROM cloudsync_payload_chunks WHERE since_db_version = ?1");
        scan.Bind(1, since);
        long bytes = 0;
        Meter meter = new();
        while (scan.Step())
        {
            byte[] payload = scan.Blob(0).ToArray();
            bytes += payload.Length;
            Apply(tree, payload);
        }

        Measurement taken = meter.Stop();
        long head = tree.Scalar("SELECT head_lamport FROM cloudsync_tree_status");
        return head == length ? taken with { Rows = length, Bytes = bytes, Pages = [Depth(tree, "avg"), Depth(tree, "max")] } : throw new InvalidOperationException($"the log ends at {head}");
    }

    private static double Depth(BenchDatabase tree, string function) =>
        tree.Scalar($"SELECT round({function}(depth)) FROM cloudsync_tree_descendants('items', NULL)");

    /// <summary>Applies payloads and undoes that; rows are those written by the last fold, chunks the log rows that it scanned.</summary>
    private static Measurement Fold(string path, string? library, byte[][] payloads)
    {
        using BenchDatabase database = new(path, library);
        void Work() => Array.ForEach(payloads, payload => Apply(database, payload));
        bool isTree = !path.EndsWith(".ops", StringComparison.Ordinal);
        database.Exec("BEGIN");
        long steps = database.CountVmSteps(Work);
        long scanned = isTree ? database.Scalar("SELECT scanned FROM cloudsync_tree_status") : 0;
        long written = isTree ? database.Scalar("SELECT written FROM cloudsync_tree_status") : 0;
        database.Exec("ROLLBACK; BEGIN");
        Meter meter = new();
        Work();
        Measurement taken = meter.Stop();
        database.Exec("ROLLBACK");
        return taken with { Milliseconds = taken.ProcessorMilliseconds, VmSteps = steps, Chunks = scanned, Rows = written };
    }

    /// <summary>Single operations in turns, one in order and one that is late by one; pages are their processor times together.</summary>
    private static Measurement Pairs(string path, string? library, long length)
    {
        string[] statements = new string[2 * Single];
        for (int i = 0; i < Single; i++)
        {
            string node = Key(2 * i % Folders), parent = Key(((2 * i) + 1) % Folders);
            statements[2 * i] = Operation(length + (2 * i) + 2, Later, node, parent, "'n5'");
            statements[(2 * i) + 1] = Operation(length + (2 * i) + 1, Earlier, parent, Key(((2 * i) + 2) % Folders), "'n6'");
        }

        byte[][] payloads = Payloads(library, length, "pairs", statements);
        using BenchDatabase database = new(path, library);
        database.Exec("BEGIN");
        double[] took = [0, 0];
        long scanned = 0;
        Meter all = new();
        for (int i = 0; i < payloads.Length; i++)
        {
            TimeSpan before = Environment.CpuUsage.TotalTime;
            Apply(database, payloads[i]);
            took[i % 2] += (Environment.CpuUsage.TotalTime - before).TotalMilliseconds;
            scanned += i % 2 == 1 ? database.Scalar("SELECT scanned FROM cloudsync_tree_status") : 0;
        }

        Measurement taken = all.Stop();
        database.Exec("ROLLBACK");
        return taken with { Pages = took, Chunks = scanned };
    }

    /// <summary>Moves by UPDATE of both columns, in one transaction.</summary>
    private static Measurement Local(string path, string? library, long length)
    {
        using BenchDatabase database = new(path, library);
        void Work(BenchStatement move)
        {
            for (int i = 0; i < Moves; i++)
            {
                move.Bind(1, 1 + (i / Folders % 2)).Bind(2, i % 10).Bind(3, i % Folders);
                move.Run();
            }
        }

        string sql = $"UPDATE items SET parent_id = 'hub' || ?1, pos = 'n' || ?2 WHERE id = {KeySql("?3")}";
        database.Exec("BEGIN");
        long steps = database.CountVmSteps(() =>
        {
            using BenchStatement move = database.Prepare(sql);
            Work(move);
        });
        database.Exec("ROLLBACK; BEGIN");
        using BenchStatement timed = database.Prepare(sql);
        Meter meter = new();
        Work(timed);
        Measurement taken = meter.Stop();
        timed.Reset();
        database.Exec("ROLLBACK");
        return taken with { Milliseconds = taken.ProcessorMilliseconds, VmSteps = steps, Rows = length };
    }

    /// <summary>Pages are the bytes of an operation in the carrier, the nodes and the log, with their indexes, and in payloads.</summary>
    private static Measurement Size(string path, string? library, long length)
    {
        using BenchDatabase database = new(path, library);
        double Bytes(string names) => (double)database.Scalar($"SELECT sum(pgsize) FROM dbstat WHERE name IN (SELECT name FROM sqlite_master WHERE tbl_name IN ({names}))") / length;
        using BenchDatabase operations = new(path + ".ops", library);
        long wire = operations.Scalar("SELECT sum(length(payload)) FROM cloudsync_payload_chunks WHERE since_db_version = 2");
        return new Measurement { Pages = [Bytes("'items_treeops'"), Bytes("'items_tree_node'"), Bytes("'items_tree_log'"), (double)wire / length] };
    }

    /// <summary>The parent that a node has had behind an operation, as SQL.</summary>
    private static string ParentBefore(BenchDatabase database, long node, long lamport)
    {
        using BenchStatement find = database.Prepare(string.Create(CultureInfo.InvariantCulture, $"""
            SELECT coalesce((SELECT quote(p.key) FROM items_tree_log AS l JOIN items_tree_node AS p ON p.nid = l.parent
              WHERE l.nid = n.nid AND l.lamport <= {lamport} AND l.effective ORDER BY l.lamport DESC LIMIT 1), quote(n.key))
            FROM items_tree_node AS n WHERE n.key = {Key(node)}
            """));
        return find.Step() ? find.Text(0) : Key(node);
    }

    private static void Apply(BenchDatabase database, byte[] payload)
    {
        using BenchStatement apply = database.Prepare("SELECT cloudsync_payload_apply(?1)");
        fixed (byte* data = payload)
        {
            apply.BindBlob(1, data, payload.Length);
            apply.Run();
        }
    }

    /// <summary>A payload for each statement.</summary>
    private static byte[][] Payloads(string? library, long length, string name, params string[] statements)
    {
        if (Made.TryGetValue((length, name), out byte[][]? made))
        {
            return made;
        }

        using BenchDatabase source = new(":memory:", library);
        source.Exec(Carrier);
        return Made[(length, name)] = [.. statements.Select(statement =>
        {
            long since = source.Scalar("SELECT cloudsync_db_version()");
            source.Exec(statement);
            using BenchStatement scan = source.Prepare("SELECT payload FROM cloudsync_payload_chunks WHERE since_db_version = ?1");
            scan.Bind(1, since);
            scan.Step();
            return scan.Blob(0).ToArray();
        })];
    }
}
