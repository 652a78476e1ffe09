using System.Globalization;
using Xunit.Abstractions;

namespace ChunkSync.Tests.Host;

/// <summary>The seed of a randomised test: CHUNKSYNC_SEED, or a new one; always printed.</summary>
public static class Seed
{
    public static int Next(ITestOutputHelper output)
    {
        int seed = int.TryParse(
            Environment.GetEnvironmentVariable("CHUNKSYNC_SEED"), CultureInfo.InvariantCulture, out int fixedSeed) ? fixedSeed : Random.Shared.Next();
        output.WriteLine($"seed {seed}");
        Console.WriteLine($"seed {seed}");
        return seed;
    }
}
