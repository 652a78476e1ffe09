namespace ChunkSync.Chunks;

/// <summary>The limits of chunks (format C).</summary>
internal static class ChunkLimits
{
    /// <summary>The chunk size when none is set, in bytes.</summary>
    public const long DefaultSize = 5_242_880;

    public const long MinSize = 262_144;
    public const long MaxSize = 33_554_432;

    /// <summary>The effective chunk size of a setting.</summary>
    public static long Effective(long? setting) =>
        setting is long size and > 0 ? Math.Clamp(size, MinSize, MaxSize) : DefaultSize;
}
