namespace ChunkSync.Format;

/// <summary>What is wrong with an encoded change row.</summary>
internal enum ChangeRowDefect
{
    None,

    /// <summary>No value can be decoded at the offset.</summary>
    Undecodable,

    /// <summary>The field is neither TEXT nor BLOB.</summary>
    NotBytes,

    /// <summary>The field is not an INTEGER.</summary>
    NotInteger,

    /// <summary>The field has another storage class than writers write.</summary>
    OtherClass,
}
