namespace ChunkSync.Keys;

/// <summary>Rows whose columns are read together, and what they may take in memory.</summary>
internal static class RowBudget
{
    private const int WholeRow = 4 * 1024 * 1024;
    private const int Longest = 64 * 1024;
    private const int Shortest = 4 * 1024;

    /// <summary>The longest value, in bytes, of a row with that many columns: rows with a longer one are read column by column.</summary>
    public static int MaxValue(int columns) => Math.Clamp(WholeRow / Math.Max(columns, 1), Shortest, Longest);
}
