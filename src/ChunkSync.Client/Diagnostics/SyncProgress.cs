namespace ChunkSync.Client;

/// <summary>How far a call is.</summary>
/// <param name="Phase">What is counted.</param>
/// <param name="Chunks">Chunks or payloads.</param>
/// <param name="Rows">Changes.</param>
/// <param name="Bytes">Bytes: before compression where chunks are read, of payloads where they are applied.</param>
/// <param name="TotalBytes">The bytes of all; null while they are not known. At the end it is <paramref name="Bytes"/>.</param>
/// <param name="TotalRows">The changes of all; null while they are not known. At the end it is <paramref name="Rows"/>.</param>
/// <param name="Elapsed">The time since the beginning.</param>
public readonly record struct SyncProgress(
    SyncPhase Phase, long Chunks, long Rows, long Bytes, long? TotalBytes, long? TotalRows, TimeSpan Elapsed)
{
    /// <summary>The part of the bytes that is done, from 0 to 100; null while the total is not known.</summary>
    public double? Percent => TotalBytes switch
    {
        null => null,
        0 => 100,
        long total => 100.0 * Bytes / total,
    };
}
