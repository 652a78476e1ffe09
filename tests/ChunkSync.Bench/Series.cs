using System.Text.Json.Serialization;
using ChunkSync.Bench.Worker;

namespace ChunkSync.Bench;

/// <summary>The repeats of one operation of one engine on one shape.</summary>
internal sealed record Series(string Shape, string Operation, string Variant, long ChunkSize, string Engine)
{
    /// <summary>The runs in the order in which they were made.</summary>
    public List<Measurement> Runs { get; init; } = [];

    public string? Failure => Runs.Select(run => run.Failure).FirstOrDefault(failure => failure != null);

    [JsonIgnore]
    public bool HasResult => Runs.Any(run => run.Failure == null);

    /// <summary>The run with the median cost.</summary>
    [JsonIgnore]
    public Measurement Median
    {
        get
        {
            Measurement[] good = [.. Runs.Where(run => run.Failure == null).OrderBy(run => run.Cost)];
            return good[(good.Length - 1) / 2];
        }
    }

    /// <summary>Slowest minus fastest, in parts of the median.</summary>
    [JsonIgnore]
    public double Spread
    {
        get
        {
            double[] times = [.. Runs.Where(run => run.Failure == null).Select(run => run.Cost)];
            return (times.Max() - times.Min()) / Median.Cost;
        }
    }
}
