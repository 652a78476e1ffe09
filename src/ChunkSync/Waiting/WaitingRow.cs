namespace ChunkSync.Waiting;

/// <summary>What is stored of a row that has changes waiting, while it is changed: <see cref="WaitingStore.Open"/> begins that,
/// Close ends it.</summary>
internal struct WaitingRow
{
    /// <summary>Who sent the first of its changes; null while nothing of it is stored.</summary>
    public byte[]? Origin;

    /// <summary>The encoded size of its changes.</summary>
    public long Bytes;

    /// <summary>The causal length that all of them have; null where it was not read.</summary>
    public long? Life;

    /// <summary>Whether the row was stored when it was opened.</summary>
    public bool IsStored;

    /// <summary>Whether its changes are others than those that were stored.</summary>
    public bool IsChanged;

    /// <summary>Whether changes were dropped: perhaps none is left.</summary>
    public bool HasLost;

    /// <summary>Whether it is known that none is left.</summary>
    public bool IsEmpty;
}
