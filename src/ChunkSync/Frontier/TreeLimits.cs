namespace ChunkSync.Frontier;

/// <summary>The bounds that every replica holds operations to.</summary>
internal static class TreeLimits
{
    /// <summary>Clock values from here on, and below its negative, never count.</summary>
    public const long Top = 1L << 62;

    /// <summary>The largest jump of the clock that is believed.</summary>
    public const long Gap = 1L << 32;

    /// <summary>The most bytes of a key or a position.</summary>
    public const int MaxValue = 4096;

    /// <summary>Bytes of a site id.</summary>
    public const int SiteBytes = 16;

    /// <summary>The most rows of a node behind a late operation that are looked at, and written anew, one by one.</summary>
    public const int MaxBehind = 64;

    /// <summary>The node above all others.</summary>
    public const long Root = 0;

    /// <summary>Whether an operation with that clock value counts behind others.</summary>
    /// <param name="clock">The largest clock value that counts before it, at least 0.</param>
    /// <param name="lamport">Its own.</param>
    public static bool IsBelieved(long clock, long lamport) => lamport <= clock + Gap;
}
