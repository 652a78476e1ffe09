namespace ChunkSync.Client;

/// <summary>The CRDT of a table.</summary>
public enum TrackAlgorithm
{
    /// <summary>Per column the newest write wins, and a row can come back after it was deleted: <c>cls</c>.</summary>
    CausalLength,

    /// <summary>Rows come and never go: <c>gos</c>.</summary>
    GrowOnly,
}
