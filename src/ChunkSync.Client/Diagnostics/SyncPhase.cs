namespace ChunkSync.Client;

/// <summary>What a <see cref="SyncProgress"/> counts.</summary>
public enum SyncPhase
{
    /// <summary>Chunks are read.</summary>
    Reading,

    /// <summary>Payloads are applied; only what is committed counts.</summary>
    Applying,
}
