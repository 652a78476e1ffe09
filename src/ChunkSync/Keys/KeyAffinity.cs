namespace ChunkSync.Keys;

/// <summary>What SQLite makes of a value that is stored in a column.</summary>
internal enum KeyAffinity
{
    /// <summary>Nothing.</summary>
    None,

    /// <summary>Numbers become TEXT.</summary>
    Text,

    /// <summary>TEXT that is a number becomes one; a REAL that is an integer becomes INTEGER.</summary>
    Numeric,

    /// <summary>TEXT that is a number becomes one; numbers become REAL.</summary>
    Real,
}
