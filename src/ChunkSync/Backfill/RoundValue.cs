namespace ChunkSync.Backfill;

/// <summary>A boundary that a rounding proposes.</summary>
/// <param name="Strategy">How it was found, as the plan says it.</param>
internal readonly record struct RoundValue(string Strategy)
{
    /// <summary>The value, if it is an INTEGER.</summary>
    public long? Integer { get; init; }

    /// <summary>The value, if it is a REAL.</summary>
    public double? Real { get; init; }

    /// <summary>The value, if it is TEXT or a BLOB: its bytes in the database's encoding.</summary>
    public byte[]? Bytes { get; init; }

    /// <summary>Whether <see cref="Bytes"/> are a TEXT.</summary>
    public bool IsText { get; init; }
}
