using ChunkSync.Sqlite;

namespace ChunkSync.Catalog;

/// <summary>The algorithms of tables by their names (behaviour E.2).</summary>
internal static class CrdtAlgorithms
{
    /// <summary>The names that are stored, in lower case: sqlite-sync stores whichever <c>cloudsync_init</c> was given.</summary>
    public static IReadOnlyList<string> Names { get; } = ["cls", "gos", "causallengthset", "growonlyset"];

    /// <summary>The algorithm of a name, compared without ASCII case; null for another.</summary>
    public static CrdtAlgorithm? Find(string name) => AsciiNames.Lower(name) switch
    {
        "cls" or "causallengthset" => CrdtAlgorithm.CausalLengthSet,
        "gos" or "growonlyset" => CrdtAlgorithm.GrowOnlySet,
        _ => null,
    };

    /// <summary>The name that an algorithm is stored by.</summary>
    public static string NameOf(CrdtAlgorithm algorithm) => algorithm == CrdtAlgorithm.GrowOnlySet ? "gos" : "cls";

    /// <summary>The error text of an operation that a grow-only table refuses (behaviour E.4).</summary>
    public static string Refusal(string operation, string table) => $"Error: {operation} operation is not allowed on table {table}.";
}
