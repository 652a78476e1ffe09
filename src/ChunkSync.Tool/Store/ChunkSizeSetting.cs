namespace ChunkSync.Tool;

/// <summary>The size of chunks that a database has chosen. An export keeps it, so that all runs cut alike.</summary>
internal static class ChunkSizeSetting
{
    private const int Default = 5_242_880;
    private const int Least = 262_144;
    private const int Largest = 33_554_432;

    /// <summary>Reads it.</summary>
    public static int Of(DatabaseFile file) =>
        file.Number("SELECT value FROM cloudsync_settings WHERE key = 'payload_max_chunk_size'") is > 0 and long size ? (int)Math.Clamp(size, Least, Largest) : Default;
}
