using System.Globalization;

namespace ChunkSync.Tool.Tests;

/// <summary>The seed of randomised tests: that of CHUNKSYNC_SEED, or a fresh one. It stands in every failure.</summary>
internal static class Seed
{
    /// <summary>The seed of this run.</summary>
    public static int Value { get; } =
        int.TryParse(Environment.GetEnvironmentVariable("CHUNKSYNC_SEED"), CultureInfo.InvariantCulture, out int given) ? given : Random.Shared.Next(1, int.MaxValue);

    /// <summary>Whether all cases run, not a sample of them.</summary>
    public static bool AllCases { get; } = Environment.GetEnvironmentVariable("CHUNKSYNC_ALL_CASES") == "1";
}
