namespace ChunkSync.Tests.Limits;

/// <summary>What the tests of managed allocations agree on.</summary>
internal static class Allocations
{
    /// <summary>What two runs may differ by whatever their rows: a method that was compiled anew in between can keep a short-lived
    /// object on the stack. One object per row is at least 24 bytes for each of hundreds of rows.</summary>
    private const long Noise = 512;

    /// <summary>Fails unless a run over many rows took what a run over a third of them took.</summary>
    public static void AssertNonePerRow(long few, long many) => Assert.InRange(many - few, -Noise, Noise);
}
