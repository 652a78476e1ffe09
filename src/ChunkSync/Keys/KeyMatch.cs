namespace ChunkSync.Keys;

/// <summary>What a pk blob is to a table.</summary>
internal enum KeyMatch
{
    /// <summary>Malformed, of another number of values, or with a NULL.</summary>
    None,

    /// <summary>A key that is stored with these bytes, and that no other bytes are equal to.</summary>
    Exact,

    /// <summary>A key that may be stored with other bytes, or that other bytes may be equal to.</summary>
    Loose,
}
