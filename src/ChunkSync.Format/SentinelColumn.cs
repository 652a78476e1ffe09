namespace ChunkSync.Format;

/// <summary>The column name of the sentinel, the change that holds a row's causal length.</summary>
internal static class SentinelColumn
{
    /// <summary>The name.</summary>
    public const string Name = "__[RIP]__";

    /// <summary>The name's bytes.</summary>
    public static ReadOnlySpan<byte> Utf8 => "__[RIP]__"u8;
}
