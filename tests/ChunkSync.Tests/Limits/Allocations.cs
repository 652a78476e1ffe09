namespace ChunkSync.Tests.Limits;

/// <summary>What the tests of managed allocations agree on.</summary>
internal static class Allocations
{
    /// <summary>What two runs may differ by whatever their rows: a method that was compiled anew in between can keep a short-lived
    /// object on the stack. One object per row is at least 24 bytes for each of hundreds of rows.</summary>
    private const long Noise = 512;

    /// <summary>Runs that the runtime may disturb with something of its own before they count.</summary>
    private const int Attempts = 3;

    /// <summary>Fails unless a run over many rows takes what a run over a third of them takes, or nothing: methods that are not compiled to the end yet
    /// may have allocated in the short one.</summary>
    /// <param name="measure">Gives the bytes of a run over that many rows.</param>
    /// <param name="few">The rows of the short run.</param>
    /// <returns>A line about both runs.</returns>
    public static string AssertNonePerRow(Func<int, long> measure, int few)
    {
        long small = 0;
        long large = 0;
        for (int attempt = 0; attempt < Attempts; attempt++)
        {
            small = measure(few);
            large = measure(3 * few);
            if (Math.Abs(large - small) <= Noise || large <= Noise)
            {
                return $"{small} bytes for {few} rows, {large} for {3 * few}";
            }
        }

        Assert.Fail($"{small} bytes for {few} rows, but {large} for {3 * few}");
        return "";
    }
}
