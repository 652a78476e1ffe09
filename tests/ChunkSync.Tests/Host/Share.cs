namespace ChunkSync.Tests.Host;

/// <summary>The part of many similar cases that one run of the tests takes: another part with another seed, all of them in a soak run.</summary>
public static class Share
{
    /// <summary>Set by <c>./build.sh soak</c> for the tests without a long variant.</summary>
    private const string AllVariable = "CHUNKSYNC_ALL_CASES";

    /// <summary>Without a seed every process takes another part.</summary>
    private static readonly int Shift = Seed.Given ?? Random.Shared.Next();

    /// <summary>Whether every case is taken.</summary>
    public static bool IsWhole => Effort.IsSoak || Environment.GetEnvironmentVariable(AllVariable) is { Length: > 0 };

    /// <summary>Every <paramref name="parts"/>-th case, beginning where the seed says.</summary>
    public static IEnumerable<T> Of<T>(IEnumerable<T> cases, int parts) =>
        IsWhole ? cases : cases.Where((_, i) => (i + (uint)Shift) % (uint)parts == 0);
}
