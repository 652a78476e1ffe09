namespace ChunkSync.Merge;

/// <summary>A call that merges what others sent, from its beginning to its end, for whoever listens.</summary>
internal static class WatchedCall
{
    /// <summary>Runs the call and tells how it ended.</summary>
    /// <param name="watch">Who listens; null for nobody.</param>
    /// <param name="call">The call; gives what it returns to SQL.</param>
    /// <returns>What the call gives.</returns>
    public static long Run(IMergeWatch? watch, Func<long> call)
    {
        try
        {
            watch?.BeginCall();
            long result = call();
            watch?.EndCall(result);
            return result;
        }
        catch (Exception failure)
        {
            watch?.FailCall(failure.Message);
            throw;
        }
    }
}
