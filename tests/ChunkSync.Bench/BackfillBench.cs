using System.Globalization;
using ChunkSync.Bench.Shapes;
using ChunkSync.Bench.Worker;
using Spectre.Console;

namespace ChunkSync.Bench;

/// <summary>Measures plans of tables of 10^5, 10^6 and 3 · 10^6 rows beside their floors, and filling in slices beside cloudsync_init.</summary>
/// <param name="run">Runs a request in the worker of an engine.</param>
internal sealed class BackfillBench(Options options, string folder, Func<string, Request, TimeSpan, Measurement> run)
{
    /// <summary>The rows of the tables.</summary>
    public static readonly long[] Sizes = [100_000, 1_000_000, 3_000_000];

    /// <summary>The rows of the tables that are filled.</summary>
    public static readonly long[] FillSizes = [60_000, 1_000_000];

    /// <summary>The numbers of chunks.</summary>
    public static readonly long[] Chunks = [10, 100, 1000];

    /// <summary>The number of chunks of a plan whose memory is compared with that of one of ten.</summary>
    public const long ManyChunks = 40_000;

    private static readonly TimeSpan Staging = TimeSpan.FromMinutes(10);
    private readonly List<Series> results = [];

    public List<Series> Run(Shape shape)
    {
        foreach (long rows in Sizes)
        {
            string path = Path.Combine(folder, "plan.db");
            _ = run(Runner.Floor, new Request("bf-stage", shape.Key, path, rows), Staging);
            foreach (BackfillCase plan in BackfillCase.All)
            {
                // The largest table shows that nothing grows faster than it does.
                foreach (long chunks in Chunks.Where(chunks => rows < Sizes[^1] || chunks == 100))
                {
                    Take(shape, rows, path, Name(plan, chunks), [("plan", Runner.Ours), ("floor", Runner.Floor), .. OnlyAt(chunks)]);
                }
            }

            if (rows == 1_000_000)
            {
                Take(shape, rows, path, Name(BackfillCase.All[2], ManyChunks), [("plan", Runner.Ours)]);
            }

            File.Delete(path);
        }

        foreach (long rows in FillSizes)
        {
            Take(shape, rows, Path.Combine(folder, "fill.db"), "init", [("bf-fill", Runner.Ours)]);
            Take(shape, rows, Path.Combine(folder, "fill.db"), "slices", [("bf-fill", Runner.Ours)]);
        }

        return results;
    }

    /// <summary>The variant of a plan.</summary>
    public static string Name(BackfillCase plan, long chunks) => string.Create(CultureInfo.InvariantCulture, $"{plan.Name}|{chunks}");

    private static IEnumerable<(string, string)> OnlyAt(long chunks) => chunks == 100 ? [("first", Runner.Ours), ("rest", Runner.Ours)] : [];

    private void Take(Shape shape, long rows, string path, string variant, List<(string Operation, string Engine)> operations)
    {
        List<Series> all = [.. operations.Select(operation => new Series(shape.Key, operation.Operation, variant, rows, operation.Engine))];
        results.AddRange(all);
        for (int repeat = 0; repeat < options.Repeats; repeat++)
        {
            foreach (Series series in all.Where(series => series.Failure == null))
            {
                series.Runs.Add(run(series.Engine, new Request(series.Operation, shape.Key, path, rows, variant), Staging));
            }
        }

        string times = string.Join(", ", all.Select(series => series.HasResult ? $"{series.Operation} {series.Median.Milliseconds:N1} ms" : series.Failure));
        AnsiConsole.MarkupLineInterpolated($"  {rows,9:N0} rows  {variant,-26} {times}");
    }
}
