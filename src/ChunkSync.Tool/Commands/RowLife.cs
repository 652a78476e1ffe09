namespace ChunkSync.Tool;

/// <summary>The change that says whether a row lives.</summary>
internal static class RowLife
{
    /// <summary>Its column's name.</summary>
    public const string Column = "__[RIP]__";

    /// <summary>A column's name for people.</summary>
    /// <param name="column">The name.</param>
    /// <param name="causalLength">The row's causal length.</param>
    public static string Name(string column, long causalLength) => column != Column ? column : causalLength % 2 == 0 ? "(deleted)" : "(row)";
}
