namespace ChunkSync.Merge;

/// <summary>What became of a statement that writes a row.</summary>
internal enum WriteOutcome
{
    /// <summary>The row is as it was to be.</summary>
    Written,

    /// <summary>A trigger of the user's left the row as it was, with RAISE(IGNORE).</summary>
    Ignored,

    /// <summary>The row was refused; see <see cref="Refusals"/>.</summary>
    Refused,
}
