using System.Text.Json;

namespace ChunkSync.Bench.Report;

/// <summary>Reads what earlier runs measured.</summary>
internal static class ResultReader
{
    /// <summary>The results of all folders; of a shape that several have, those of the last one, so that ratios are always of one run.</summary>
    /// <param name="options">The folders, and the shapes that are wanted, in their order.</param>
    /// <exception cref="ArgumentException">A folder has no results.</exception>
    public static List<Series> Merge(Options options)
    {
        Dictionary<string, List<Series>> shapes = [];
        foreach (string folder in options.Merged)
        {
            foreach (IGrouping<string, Series> shape in Read(folder).GroupBy(series => series.Shape))
            {
                shapes[shape.Key] = [.. shape];
            }
        }

        return [.. options.Shapes.Where(shape => shapes.ContainsKey(shape.Key)).SelectMany(shape => shapes[shape.Key])];
    }

    private static List<Series> Read(string folder)
    {
        string file = Path.Combine(folder, "results.json");
        return File.Exists(file) && JsonSerializer.Deserialize<List<Series>>(File.ReadAllText(file)) is List<Series> results
            ? results
            : throw new ArgumentException($"--merge: {file} has no results");
    }
}
