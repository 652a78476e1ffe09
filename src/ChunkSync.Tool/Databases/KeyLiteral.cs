namespace ChunkSync.Tool;

/// <summary>Keys as SQL literals.</summary>
internal static class KeyLiteral
{
    /// <summary>An expression over a column <c>pk</c>.</summary>
    /// <param name="columns">How many columns the key has.</param>
    /// <param name="pk">The column.</param>
    public static string Sql(int columns, string pk = "pk") =>
        string.Join(" || ', ' || ", Enumerable.Range(1, columns).Select(i => $"quote(cloudsync_pk_decode({pk}, {i}))"));

    /// <summary>An expression over a column <c>pk</c> of any table: as many literals as there are.</summary>
    public static string SqlOfAny(string pk) =>
        $"(WITH RECURSIVE k(i, v) AS (SELECT 1, quote(cloudsync_pk_decode({pk}, 1)) UNION ALL"
        + $" SELECT i + 1, v || ', ' || quote(cloudsync_pk_decode({pk}, i + 1)) FROM k WHERE cloudsync_pk_decode({pk}, i + 1) IS NOT NULL)"
        + " SELECT v FROM k ORDER BY i DESC LIMIT 1)";
}
