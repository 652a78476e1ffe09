namespace ChunkSync.Client;

/// <summary>What a call did to a row.</summary>
public enum AppliedKind
{
    /// <summary>The row came.</summary>
    Insert,

    /// <summary>Columns of the row changed.</summary>
    Update,

    /// <summary>The row went.</summary>
    Delete,

    /// <summary>Not a row: <see cref="AppliedRow.Writes"/> says how many writes are not listed. Read everything anew.</summary>
    More,
}
