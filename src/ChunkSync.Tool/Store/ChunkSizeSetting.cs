namespace ChunkSync.Tool;

/// <summary>The size of chunks that a database has chosen. An export keeps it, so that all runs cut alike.</summary>
internal static class ChunkSizeSetting
{
    /// <summary>The smallest one.</summary>
    public const int Least = 262_144;

    /// <summary>The largest one.</summary>
    public const int Largest = 33_554_432;

    private const int Default = 5_242_880;

    /// <summary>Reads it.</summary>
    public static int Of(DatabaseFile file) => Effective(file.Number("SELECT value FROM cloudsync_settings WHERE key = 'payload_max_chunk_size'")) ?? Default;

    /// <summary>The size that a number stands for where the engine reads it: brought into what is allowed; null for the database's own.</summary>
    public static int? Effective(long size) => size > 0 ? (int)Math.Clamp(size, Least, Largest) : null;
}
