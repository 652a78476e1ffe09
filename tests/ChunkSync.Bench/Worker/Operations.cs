using System.Diagnostics;
using ChunkSync.Bench.Shapes;

namespace ChunkSync.Bench.Worker;

/// <summary>The operations of an engine under test: filling a database with capture, reading its changes as chunks, applying them.</summary>
internal static unsafe class Operations
{
    private const string DrainSql =
        "SELECT payload, next_db_version, next_seq, next_frag_offset, is_final, watermark_db_version FROM cloudsync_payload_chunks"
        + " WHERE since_db_version = 0 AND until_db_version = ?4 AND resume_db_version = ?1 AND resume_seq = ?2 AND resume_frag_offset = ?3 LIMIT 1";

    /// <summary>Does what a request asks.</summary>
    /// <param name="request">The request.</param>
    /// <param name="library">The extension of this worker, or null for the floors.</param>
    public static Measurement Run(Request request, string? library)
    {
        Shape shape = ShapeCatalog.Find(request.Shape);
        return request.Operation switch
        {
            "fill" => Fill(shape, request.Path, request.Variant, library),
            "scan" => Scan(request, library),
            "drain" => Drain(request, library, request.Variant == "reopen"),
            "apply" => Apply(shape, request, library),
            "visit" => Floors.Visit(shape, request.Path),
            "lz4" => Floors.Compress(request.Path),
            "compress" or "decompress" => Codecs.Run(request, library),
            "upsert" => Floors.Upsert(shape, request.Path),
            "idle" => Idle(request.Path, library),
            "export" => Export(request, library),
            "stage" => ProbeOperations.Stage(request, library),
            "probe" => ProbeOperations.Run(request, library),
            "bf-stage" => BackfillOperations.Stage(request),
            "plan" or "first" or "rest" => BackfillOperations.Plan(request, library),
            "floor" => BackfillOperations.Floor(request),
            "bf-fill" => BackfillOperations.Fill(request, library),
            "waiting" => WaitingOperations.Run(request, library),
            "tree" => TreeOperations.Run(request, library),
            "client" => ClientOperations.Run(request),
            "part" => ProbeOperations.Part(request, library),
            _ => throw new ArgumentException("unknown operation " + request.Operation),
        };
    }

    /// <summary>Writes a shape into a new database.</summary>
    /// <param name="shape">The shape.</param>
    /// <param name="path">The file, replaced when it is there.</param>
    /// <param name="variant">"capture"; or a floor: "plain", "trigger" (one that does nothing), "clocks" (one that writes a clock row
    /// per column with plain SQL).</param>
    /// <param name="library">The extension, for "capture".</param>
    private static Measurement Fill(Shape shape, string path, string variant, string? library)
    {
        File.Delete(path);
        using BenchDatabase database = new(path, library);
        foreach (TableShape table in shape.Tables)
        {
            database.Exec(table.CreateSql);
            database.Exec(variant switch
            {
                "capture" => $"SELECT cloudsync_init('{table.Name}')",
                "trigger" => $"CREATE TRIGGER {table.Name}_empty AFTER INSERT ON {table.Name} BEGIN SELECT 1; END",
                "clocks" => Floors.ClockTrigger(table),
                _ => "SELECT 1",
            });
        }

        // Makes the texts, if this process has not yet: not a part of what is measured.
        _ = shape.Rows;
        _ = Corpus.Slice(0, 1)[0];
        database.TakePagesRead();
        Meter meter = new();
        foreach (FillStep step in shape.Steps)
        {
            Write(database, step);
        }

        return meter.Stop() with { Rows = shape.Rows, VmSteps = database.TakeVmSteps(), PagesRead = database.TakePagesRead() };
    }

    private static void Write(BenchDatabase database, FillStep step)
    {
        using BenchStatement statement = database.Prepare(step.Sql);
        for (int i = 0; i < step.Count; i++)
        {
            if (i % step.PerTransaction == 0)
            {
                database.Exec("BEGIN");
            }

            step.Bind(statement, step.First + i);
            statement.Run();
            if ((i + 1) % step.PerTransaction == 0 || i == step.Count - 1)
            {
                database.Exec("COMMIT");
            }
        }
    }

    private static Measurement Scan(Request request, string? library)
    {
        using BenchDatabase database = OpenSource(request, library);
        database.TakePagesRead();
        database.TakeVmSteps();
        Meter meter = new();
        using BenchStatement scan = database.Prepare("SELECT payload, rows FROM cloudsync_payload_chunks WHERE since_db_version = 0");
        long chunks = 0;
        long bytes = 0;
        while (scan.Step())
        {
            chunks++;
            bytes += scan.Blob(0).Length;
        }

        return meter.Stop() with { Rows = chunks, Bytes = bytes, VmSteps = database.TakeVmSteps(), PagesRead = database.TakePagesRead() };
    }

    private static Measurement Drain(Request request, string? library, bool reopen)
    {
        BenchDatabase database = OpenSource(request, library);
        try
        {
            List<double> pages = [];
            long until = database.Scalar("SELECT max(db_version) FROM cloudsync_changes");
            (long Version, long Seq, long Offset) at = (0, 0, 0);
            long bytes = 0;
            long steps = 0;
            long read = 0;
            database.TakeVmSteps();
            database.TakePagesRead();
            Meter meter = new();
            for (bool final = false; !final;)
            {
                long start = Stopwatch.GetTimestamp();
                if (reopen && pages.Count > 0)
                {
                    database.Dispose();
                    database = OpenSource(request, library);
                }

                using (BenchStatement page = database.Prepare(pages.Count == 0 ? FirstPage() : DrainSql))
                {
                    page.Bind(1, at.Version).Bind(2, at.Seq).Bind(3, at.Offset).Bind(4, until);
                    if (!page.Step())
                    {
                        break;
                    }

                    bytes += page.Blob(0).Length;
                    at = (page.Int64(1), page.Int64(2), page.Int64(3));
                    final = page.Int64(4) != 0;
                }

                pages.Add(Stopwatch.GetElapsedTime(start).TotalMilliseconds);
                steps += database.TakeVmSteps();
                read += database.TakePagesRead();
            }

            return meter.Stop() with { Rows = pages.Count, Bytes = bytes, Pages = [.. pages], VmSteps = steps, PagesRead = read };
        }
        finally
        {
            database.Dispose();
        }
    }

    private static string FirstPage() => DrainSql.Replace(
        " AND resume_db_version = ?1 AND resume_seq = ?2 AND resume_frag_offset = ?3", " AND ?1 + ?2 + ?3 = 0", StringComparison.Ordinal);

    /// <summary>Applies all chunks of a database to a new one.</summary>
    private static Measurement Apply(Shape shape, Request request, string? library)
    {
        List<byte[]> payloads = Payloads(request, library);
        string target = request.Path + ".target";
        File.Delete(target);
        using BenchDatabase database = new(target, library);
        foreach (TableShape table in shape.Tables)
        {
            database.Exec(table.CreateSql);
            database.Exec($"SELECT cloudsync_init('{table.Name}')");
        }

        if (request.Variant == "reversed")
        {
            payloads.Reverse();
        }

        long applied = 0;
        long bytes = 0;
        using BenchStatement apply = database.Prepare("SELECT cloudsync_payload_apply(?1)");
        if (request.Variant == "twice")
        {
            // The second time is the one that is measured: nothing is new.
            ApplyAll(apply, payloads, ref applied, ref bytes);
            (applied, bytes) = (0, 0);
        }

        database.TakeVmSteps();
        database.TakePagesRead();
        Meter meter = new();
        ApplyAll(apply, payloads, ref applied, ref bytes);
        return meter.Stop() with { Rows = applied, Bytes = bytes, VmSteps = database.TakeVmSteps(), PagesRead = database.TakePagesRead() };
    }

    private static void ApplyAll(BenchStatement apply, List<byte[]> payloads, ref long applied, ref long bytes)
    {
        foreach (byte[] payload in payloads)
        {
            fixed (byte* data = payload)
            {
                apply.BindBlob(1, data, payload.Length);
                applied += apply.Step() ? apply.Int64(0) : 0;
                apply.Reset();
                bytes += payload.Length;
            }
        }
    }

    /// <summary>Memory of a connection that has the extension and does nothing, and the time to get there.</summary>
    private static Measurement Idle(string path, string? library)
    {
        File.Delete(path);
        Meter meter = new();
        using BenchDatabase database = new(path, library);
        return meter.Stop();
    }

    /// <summary>Writes the payloads of a database to files beside it, for the floors.</summary>
    private static Measurement Export(Request request, string? library)
    {
        int i = 0;
        foreach (byte[] payload in Payloads(request, library))
        {
            File.WriteAllBytes($"{request.Path}.{i++}.payload", payload);
        }

        return new Measurement { Rows = i };
    }

    private static List<byte[]> Payloads(Request request, string? library)
    {
        using BenchDatabase source = OpenSource(request, library);
        using BenchStatement scan = source.Prepare("SELECT payload FROM cloudsync_payload_chunks WHERE since_db_version = 0");
        List<byte[]> payloads = [];
        while (scan.Step())
        {
            payloads.Add(scan.Blob(0).ToArray());
        }

        return payloads;
    }

    private static BenchDatabase OpenSource(Request request, string? library)
    {
        BenchDatabase database = new(request.Path, library);
        if (database.Scalar("SELECT value FROM cloudsync_settings WHERE key = 'payload_max_chunk_size'") != request.ChunkSize)
        {
            database.Exec($"SELECT cloudsync_set('payload_max_chunk_size', '{request.ChunkSize}')");
        }

        return database;
    }
}
