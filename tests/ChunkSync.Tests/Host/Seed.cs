using System.Globalization;
using Xunit.Abstractions;

namespace ChunkSync.Tests.Host;

/// <summary>The seed of a randomised test: CHUNKSYNC_SEED, or a new one; always printed.</summary>
/// <remarks>CHUNKSYNC_SEED is a number, or a number and the turn of an <see cref="Effort"/> that is to be repeated alone: 123/45.</remarks>
public static class Seed
{
    private const string Variable = "CHUNKSYNC_SEED";

    /// <summary>The only turn that efforts shall take; null for all of them.</summary>
    public static long? OnlyTurn => Parse().Turn;

    /// <summary>The number in CHUNKSYNC_SEED; null where there is none.</summary>
    public static int? Given => Parse().Seed;

    public static int Next(ITestOutputHelper output)
    {
        int seed = Parse().Seed ?? Random.Shared.Next();
        output.WriteLine($"seed {seed}");
        Console.WriteLine($"seed {seed}");
        return seed;
    }

    private static (int? Seed, long? Turn) Parse()
    {
        string text = Environment.GetEnvironmentVariable(Variable) ?? "";
        if (text.Length == 0)
        {
            return (null, null);
        }

        string[] parts = text.Split('/');
        long turn = 0;
        if (parts.Length > 2 || !int.TryParse(parts[0], CultureInfo.InvariantCulture, out int seed)
            || (parts.Length == 2 && !long.TryParse(parts[1], CultureInfo.InvariantCulture, out turn)))
        {
            throw new FormatException($"{Variable} is neither a number nor a number and a turn (123/45): {text}");
        }

        return (seed, parts.Length == 2 ? turn : null);
    }
}
