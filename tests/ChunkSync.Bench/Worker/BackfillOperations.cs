using System.Globalization;

namespace ChunkSync.Bench.Worker;

/// <summary>Plans of one large table, and filling one in slices. A variant is the name of a case, a bar, and the number of chunks.</summary>
internal static class BackfillOperations
{
    /// <summary>Makes the table.</summary>
    public static Measurement Stage(Request request)
    {
        long rows = request.ChunkSize;
        File.Delete(request.Path);
        using BenchDatabase database = new(request.Path, null);
        database.Exec(BackfillCase.Schema(rows));
        return new Measurement { Rows = rows };
    }

    /// <summary>Runs one plan: rows are its chunks, bytes the entries it visits, pages the rows or bytes of each chunk.</summary>
    public static Measurement Plan(Request request, string? library)
    {
        (BackfillCase plan, long chunks) = Parse(request);
        using BenchDatabase database = new(request.Path, library);
        string inputs = plan.InputsOf(database, chunks);
        string column = plan.Name.StartsWith("bytes", StringComparison.Ordinal) ? "bytes" : "rows";
        string sql = request.Operation switch
        {
            "first" => $"SELECT {column} FROM cloudsync_backfill_plan WHERE {inputs} LIMIT 1",
            "rest" => $"SELECT {column} FROM cloudsync_backfill_plan WHERE {inputs} AND resume = (SELECT next FROM temp.marks)",
            _ => $"SELECT {column} FROM cloudsync_backfill_plan WHERE {inputs}",
        };
        if (request.Operation == "rest")
        {
            database.Exec($"CREATE TEMP TABLE marks AS SELECT next FROM (SELECT chunk_index, next FROM cloudsync_backfill_plan WHERE {inputs}) ORDER BY chunk_index DESC LIMIT 1 OFFSET 2");
        }

        long entries = database.Scalar("SELECT chunksync_backfill_tick()");
        List<double> sizes = Read(database, sql);
        entries = database.Scalar("SELECT chunksync_backfill_tick()") - entries;
        long steps = database.CountVmSteps(() => Read(database, sql));
        Meter meter = new();
        Read(database, sql);
        Measurement taken = meter.Stop();
        return taken with { Milliseconds = taken.ProcessorMilliseconds, VmSteps = steps, Rows = sizes.Count, Bytes = entries, Pages = [.. sizes] };
    }

    /// <summary>Runs the statement beside a plan; "equal width" counts the rows of each cell of a grid over the tenants.</summary>
    public static Measurement Floor(Request request)
    {
        (BackfillCase plan, long chunks) = Parse(request);
        using BenchDatabase database = new(request.Path, null);
        long rows = database.Scalar("SELECT count(*) FROM t");
        string sql = string.Format(CultureInfo.InvariantCulture, plan.Floor, rows - 1);
        Read(database, sql);
        long steps = database.CountVmSteps(() => Read(database, sql));
        Meter meter = new();
        Read(database, sql);
        Measurement taken = meter.Stop();
        List<double> cells = Read(database, string.Create(CultureInfo.InvariantCulture,
            $"SELECT count(*) FROM t, (SELECT min(tenant) AS lo, max(tenant) AS hi FROM t) GROUP BY (tenant - lo) * {chunks} / (hi - lo + 1)"));
        cells.AddRange(Enumerable.Repeat(0.0, Math.Max(0, (int)chunks - cells.Count)));
        return taken with { Milliseconds = taken.ProcessorMilliseconds, VmSteps = steps, Pages = [.. cells] };
    }

    /// <summary>Makes a table of three columns tracked: "init" in one go, "slices" of 1,000 rows. Pages are the milliseconds of each
    /// transaction, bytes the length of the write-ahead log at the end.</summary>
    public static Measurement Fill(Request request, string? library)
    {
        foreach (string end in (string[])["", "-wal", "-shm"])
        {
            File.Delete(request.Path + end);
        }

        using BenchDatabase database = new(request.Path, library);
        database.Exec(string.Create(CultureInfo.InvariantCulture, $"""
            CREATE TABLE f(id TEXT PRIMARY KEY NOT NULL, a, b, c);
            WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {request.ChunkSize})
            INSERT INTO f SELECT printf('k%08d', (i * 7919) % 100000000), i, 'value ' || i, i % 10 FROM n;
            PRAGMA journal_mode = WAL;
            PRAGMA synchronous = NORMAL;
            """));
        List<double> slices = [];
        Meter all = new();
        if (request.Variant == "init")
        {
            slices.Add(Took(() => database.Scalar("SELECT cloudsync_init('f')")));
        }
        else
        {
            slices.Add(Took(() => database.Scalar("SELECT cloudsync_backfill_begin('f')")));
            using BenchStatement step = database.Prepare("SELECT cloudsync_backfill_step('f', 1000)");
            long rows = 1;
            while (rows > 0)
            {
                slices.Add(Took(() => rows = step.Step() ? step.Int64(0) : 0, step.Reset));
            }
        }

        Measurement taken = all.Stop();
        return taken with
        {
            Milliseconds = taken.ProcessorMilliseconds,
            Rows = request.ChunkSize,
            Bytes = new FileInfo(request.Path + "-wal").Length,
            Pages = [.. slices],
        };
    }

    private static double Took(Action work, Action? end = null)
    {
        TimeSpan before = Environment.CpuUsage.TotalTime;
        work();
        end?.Invoke();
        return (Environment.CpuUsage.TotalTime - before).TotalMilliseconds;
    }

    private static (BackfillCase Plan, long Chunks) Parse(Request request)
    {
        string[] parts = request.Variant.Split('|');
        return (BackfillCase.All.First(plan => plan.Name == parts[0]), long.Parse(parts[1], CultureInfo.InvariantCulture));
    }

    private static List<double> Read(BenchDatabase database, string sql)
    {
        List<double> values = [];
        using BenchStatement statement = database.Prepare(sql);
        while (statement.Step())
        {
            values.Add(statement.Int64(0));
        }

        return values;
    }
}
