namespace ChunkSync.Backfill;

/// <summary>Says how SQLite reads the text of a real.</summary>
internal interface IRealReader
{
    /// <summary>Whether SQLite reads <paramref name="literal"/> as exactly this number.</summary>
    bool Reads(string literal, double value);
}
