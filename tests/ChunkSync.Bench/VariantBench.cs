using System.Globalization;
using ChunkSync.Bench.Shapes;
using ChunkSync.Bench.Worker;
using Spectre.Console;

namespace ChunkSync.Bench;

/// <summary>Runs the variants of shapes that are more than one history, in turns, so that each median is of the same minutes.</summary>
/// <param name="run">Runs a request in the worker of an engine.</param>
internal sealed class VariantBench(Options options, string folder, Func<string, Request, TimeSpan, Measurement> run)
{
    /// <summary>The client's share is small: a run for each variant, so that each begins a turn once.</summary>
    private const int ClientRepeats = 7;

    /// <summary>The histories that the client is measured on.</summary>
    public static IReadOnlyList<string> ClientHistories { get; } = ["a", "b2", "d64"];

    /// <summary>The sizes of its chunks.</summary>
    public static IReadOnlyList<long> ClientChunks { get; } = [ShapeCatalog.SmallChunk, ShapeCatalog.DefaultChunk];

    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(10);

    /// <summary>Changes that wait.</summary>
    public List<Series> RunWaiting(Shape shape)
    {
        List<Series> all = [.. WaitingOperations.Variants.Select(variant => new Series(shape.Key, "waiting", variant, 0, Runner.Ours))];
        Turns(all, Path.Combine(folder, "waiting.db"));
        Clear();
        return all;
    }

    /// <summary>Operations of trees.</summary>
    public List<Series> RunTree(Shape shape)
    {
        List<Series> results = [];
        foreach (long length in TreeOperations.Lengths)
        {
            string path = Path.Combine(folder, "tree.db");
            Series stage = new(shape.Key, "tree", "stage", length, Runner.Ours);
            stage.Runs.Add(run(Runner.Ours, new Request("tree", shape.Key, path, length, "stage"), Patience));
            results.Add(stage);
            Print(stage);
            if (stage.Failure == null)
            {
                List<Series> all = [.. TreeOperations.VariantsOf(length).Select(variant => new Series(shape.Key, "tree", variant, length, Runner.Ours))];
                Turns(all, path);
                results.AddRange(all);
                foreach (string variant in TreeOperations.ManagedVariantsOf(length))
                {
                    Series managed = new(shape.Key, "tree", variant, length, Runner.Managed);
                    managed.Runs.Add(run(Runner.Managed, new Request("tree", shape.Key, path, length, variant), Patience));
                    results.Add(managed);
                    Print(managed);
                }
            }

            Clear();
        }

        return results;
    }

    /// <summary>ChunkSync.Client beside bare SQL through its provider.</summary>
    public List<Series> RunClient(Shape shape)
    {
        List<Series> results = [];
        foreach (string history in ClientHistories)
        {
            string path = Path.Combine(folder, "client.db");
            _ = run(Runner.Ours, new Request("fill", history, path, Variant: "capture"), Patience);
            foreach (long chunk in ClientChunks)
            {
                // Applies with the most chunks alone: what a call adds shows there.
                IEnumerable<string> variants = ClientOperations.Variants.Where(variant => chunk == ClientChunks[0] || !ClientOperations.IsApply(variant));
                Dictionary<Series, Request> all = variants.ToDictionary(
                    variant => new Series(shape.Key, "client", NameOf(history, variant), chunk, Runner.Client),
                    variant => new Request("client", history, path, chunk, variant));
                Turns([.. all.Keys], series => all[series], ClientRepeats);
                results.AddRange(all.Keys);
            }

            Clear();
        }

        return results;
    }

    /// <summary>The variant of the series of a history.</summary>
    public static string NameOf(string history, string variant) => $"{history}, {variant}";

    private void Turns(List<Series> all, string path) =>
        Turns(all, series => new Request(series.Operation, series.Shape, path, series.ChunkSize, series.Variant));

    private void Turns(List<Series> all, Func<Series, Request> requestOf, int atLeast = 1)
    {
        for (int repeat = 0; repeat < Math.Max(options.Repeats, atLeast); repeat++)
        {
            // Each begins a turn as often as the others: what comes first finds the caches as the turn before has left them.
            int first = atLeast > 1 ? repeat % all.Count : 0;
            foreach (Series series in all.Skip(first).Concat(all.Take(first)).Where(series => series.Failure == null))
            {
                series.Runs.Add(run(series.Engine, requestOf(series), Patience));
            }
        }

        all.ForEach(Print);
    }

    private static void Print(Series series)
    {
        string length = series.ChunkSize > 0 ? series.ChunkSize.ToString("N0", CultureInfo.InvariantCulture) : "";
        string value = series.HasResult ? $"{series.Median.Milliseconds,10:N2} ms {series.Median.VmSteps,13:N0} steps" : series.Failure!;
        AnsiConsole.MarkupLineInterpolated($"  {length,9} {series.Variant,-23} {series.Engine,-9} {value}");
    }

    private void Clear()
    {
        foreach (string file in Directory.GetFiles(folder))
        {
            File.Delete(file);
        }
    }
}
