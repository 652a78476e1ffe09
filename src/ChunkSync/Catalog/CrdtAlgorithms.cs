namespace ChunkSync.Catalog;

/// <summary>What is said of the algorithms of tables.</summary>
internal static class CrdtAlgorithms
{
    /// <summary>The error text of an operation that a grow-only table refuses (behaviour E.4).</summary>
    public static string Refusal(string operation, string table) => $"Error: {operation} operation is not allowed on table {table}.";
}
