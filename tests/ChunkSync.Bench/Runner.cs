using ChunkSync.Bench.Shapes;
using ChunkSync.Bench.Worker;
using Spectre.Console;

namespace ChunkSync.Bench;

/// <summary>Runs all operations on all shapes, the engines taking turns.</summary>
internal sealed class Runner : IDisposable
{
    public const string Ours = "chunksync";
    public const string Peer = "peer";
    public const string Floor = "floor";

    /// <summary>The engine in a managed process: its times are not reported, its managed allocations are.</summary>
    public const string Managed = "managed";

    /// <summary>ChunkSync.Client in a managed process, and bare SQL through its provider.</summary>
    public const string Client = "client";

    /// <summary>The two codecs of the shape <see cref="ShapeCatalog.Codec"/>.</summary>
    public const string NativeCodec = "liblz4";
    public const string ManagedCodec = "managed LZ4";

    /// <summary>Probes are short: so many runs, so that code that was compiled late and noise of the machine leave the median alone.</summary>
    private const int ProbeRepeats = 9;

    private readonly Options options;
    private readonly string folder = Directory.CreateTempSubdirectory("chunksync-bench-").FullName;
    private readonly Dictionary<string, WorkerProcess> workers = [];
    private readonly List<Series> results = [];

    public Runner(Options options)
    {
        this.options = options;
        workers[Ours] = new WorkerProcess(Path.GetFullPath(options.Library));
        workers[Floor] = new WorkerProcess(null);
        workers[Managed] = new WorkerProcess(BenchDatabase.InProcess);
        workers[Client] = new WorkerProcess(ClientOperations.Worker);
        workers[NativeCodec] = new WorkerProcess(Codecs.Native);
        workers[ManagedCodec] = new WorkerProcess(Codecs.Managed);
        if (options.Peer != null)
        {
            workers[Peer] = new WorkerProcess(options.Peer);
        }
    }

    /// <summary>Measures everything.</summary>
    public IReadOnlyList<Series> Run()
    {
        Compare("idle", "-", "", 0, [Ours, Peer], Path.Combine(folder, "idle"), ShapeCatalog.All[0].Key);
        foreach (Shape shape in options.Shapes)
        {
            AnsiConsole.MarkupLineInterpolated($"[bold]{shape.Key}[/]  {shape.Title}");
            if (shape.Key == ShapeCatalog.Codec)
            {
                RunCodecs(shape);
                continue;
            }

            if (shape.Key is ShapeCatalog.OnePosition or ShapeCatalog.OnePosition4)
            {
                RunShared(shape);
                continue;
            }

            if (shape.Key == ShapeCatalog.Probe)
            {
                RunProbes(shape);
                continue;
            }

            if (shape.Key == ShapeCatalog.Backfill)
            {
                results.AddRange(new BackfillBench(options, folder, (engine, request, limit) => workers[engine].Run(request, limit)).Run(shape));
                continue;
            }

            if (shape.Key is ShapeCatalog.Waiting or ShapeCatalog.Tree or ShapeCatalog.Client)
            {
                VariantBench bench = new(options, folder, (engine, request, limit) => workers[engine].Run(request, limit));
                results.AddRange(shape.Key switch
                {
                    ShapeCatalog.Waiting => bench.RunWaiting(shape),
                    ShapeCatalog.Tree => bench.RunTree(shape),
                    _ => bench.RunClient(shape),
                });
                continue;
            }

            Fill(shape);
            foreach (long chunk in shape.ChunkSizes)
            {
                Read(shape, chunk);
            }

            foreach (string order in (string[])["in order", "reversed", "twice"])
            {
                Compare("apply", shape.Key, order, ShapeCatalog.DefaultChunk, [Ours, Peer, .. OnlyWhen(order == "in order", Managed)]);
            }

            Compare("upsert", shape.Key, "", 0, [Floor], DatabaseOf(shape.Key, Ours));
            foreach (string file in Directory.GetFiles(folder))
            {
                File.Delete(file);
            }
        }

        return results;
    }

    public void Dispose()
    {
        foreach (WorkerProcess worker in workers.Values)
        {
            worker.Dispose();
        }

        Directory.Delete(folder, recursive: true);
    }

    private void RunCodecs(Shape shape)
    {
        foreach (long block in shape.ChunkSizes)
        {
            Compare("compress", shape.Key, "", block, [NativeCodec, ManagedCodec]);
            Compare("decompress", shape.Key, "", block, [NativeCodec, ManagedCodec]);
        }
    }

    /// <summary>Ours alone: sqlite-sync's cursor has no place between changes that share a position.</summary>
    private void RunShared(Shape shape)
    {
        Compare("fill", shape.Key, "capture", 0, [Ours]);
        foreach (string variant in (string[])["", "reopen"])
        {
            Compare("drain", shape.Key, variant, ShapeCatalog.SmallChunk, [Ours]);
        }

        foreach (string file in Directory.GetFiles(folder))
        {
            File.Delete(file);
        }
    }

    /// <summary>Everything in turns, so that each median is of the same minutes: ratios are what counts.</summary>
    private void RunProbes(Shape shape)
    {
        string path = DatabaseOf(shape.Key, Ours);
        _ = workers[Ours].Run(new Request("fill", shape.Key, path, Variant: "capture"), options.Limit);
        Series stage = new(shape.Key, "stage", "", ShapeCatalog.SmallChunk, Ours);
        stage.Runs.Add(workers[Ours].Run(new Request("stage", shape.Key, path, ShapeCatalog.SmallChunk), options.Limit));
        List<Series> all =
        [
            .. ProbeOperations.Variants.Select(variant => new Series(shape.Key, "probe", variant, 0, Ours)),
            .. ((string[])["spread", "walk all", "index 1", "index 2"]).Select(variant => new Series(shape.Key, "probe", variant, 0, Managed)),
            .. ((string[])["checksum", "decode", "walk", "copy"]).Select(part => new Series(shape.Key, "part", part, 0, Managed)),
        ];
        for (int repeat = 0; repeat < Math.Max(options.Repeats, ProbeRepeats); repeat++)
        {
            foreach (Series series in all)
            {
                series.Runs.Add(workers[series.Engine].Run(new Request(series.Operation, shape.Key, path, 0, series.Variant), options.Limit));
            }
        }

        results.Add(stage);
        results.AddRange(all);
        foreach (Series series in all)
        {
            string value = series.HasResult ? $"{series.Median.Cost,12:N3} ms" : series.Failure!;
            AnsiConsole.MarkupLineInterpolated($"  {series.Operation,-6} {series.Variant,-22} {series.Engine,-11} {value}");
        }

        foreach (string file in Directory.GetFiles(folder))
        {
            File.Delete(file);
        }
    }

    private static IEnumerable<string> OnlyWhen(bool condition, string engine) => condition ? [engine] : [];

    private void Fill(Shape shape)
    {
        Compare("fill", shape.Key, "capture", 0, [Ours, Peer, Managed]);
        foreach (string floor in (string[])["plain", "trigger", "clocks"])
        {
            Compare("fill", shape.Key, floor, 0, [Floor]);
        }
    }

    private void Read(Shape shape, long chunk)
    {
        Compare("scan", shape.Key, "", chunk, [Ours, Peer, Managed]);
        Compare("drain", shape.Key, "", chunk, [Ours, Peer]);
        Compare("drain", shape.Key, "reopen", chunk, [Ours, Peer]);
        foreach (string old in Directory.GetFiles(folder, "*.payload"))
        {
            File.Delete(old);
        }

        workers[Ours].Run(new Request("export", shape.Key, DatabaseOf(shape.Key, Ours), chunk), options.Limit);
        Compare("lz4", shape.Key, "", chunk, [Floor], DatabaseOf(shape.Key, Ours));
        Compare("visit", shape.Key, "", chunk, [Floor], DatabaseOf(shape.Key, Ours));
    }

    private string DatabaseOf(string shape, string engine) => Path.Combine(folder, $"{shape}-{engine}.db");

    private void Compare(string operation, string shape, string variant, long chunk, string[] engines, string? path = null, string? shapeKey = null)
    {
        List<Series> all = [.. engines.Where(workers.ContainsKey).Select(engine => new Series(shape, operation, variant, chunk, engine))];
        results.AddRange(all);
        for (int repeat = 0; repeat < options.Repeats; repeat++)
        {
            foreach (Series series in all.Where(series => IsWorthARun(series, repeat)))
            {
                Request request = new(operation, shapeKey ?? shape, path ?? DatabaseOf(shape, series.Engine), chunk, variant);
                series.Runs.Add(workers[series.Engine].Run(request, options.Limit));
            }
        }

        foreach (Series series in all.Where(series => series.Engine != Managed))
        {
            string value = series.HasResult ? $"{series.Median.Cost,12:N1} ms" : series.Failure!;
            AnsiConsole.MarkupLineInterpolated($"  {operation,-10} {variant,-9} {(chunk > 0 ? $"{chunk / 1024,6} KiB" : ""),-10} {series.Engine,-11} {value}");
        }
    }

    /// <summary>A run that failed fails again, and one that took a third of the limit has no noise to average out.</summary>
    private bool IsWorthARun(Series series, int repeat) =>
        repeat == 0 || (series.Failure == null && series.Engine != Managed && series.Median.Milliseconds < options.Limit.TotalMilliseconds / 3);
}
