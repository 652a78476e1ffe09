using ChunkSync.Tests.Host;

namespace ChunkSync.Tests.Merge;

/// <summary>What a database holds, in the same lines as the naive model's: the rows of its base tables and its clocks.</summary>
internal sealed record ReplicaState(List<NaiveChange> Changes, List<string> Rows, List<string> Clocks)
{
    /// <summary>Reads a database. The base tables are read with <paramref name="rowsSql"/>, not through the changes, because a row that
    /// was never captured is missing there.</summary>
    /// <param name="database">The database.</param>
    /// <param name="rowsSql">Selects table name and encoded key, then name and value of each column (a NULL name: no column).</param>
    public static ReplicaState Read(Database database, string rowsSql)
    {
        List<NaiveChange> changes = NaiveChange.Read(database);
        IEnumerable<string> rows = database.Query(rowsSql).Select(row => RowLine(
            (string)row[0]!, Convert.ToHexStringLower((byte[])row[1]!), row.Skip(2).Chunk(2).Select(pair => ((string?)pair[0] ?? "", pair[1]))));
        IEnumerable<string> clocks = changes.GroupBy(change => (change.Table, change.Key)).Select(row => ClockLine(
            row.Key.Table, row.Key.Key, row.Select(change => change.CausalLength).Distinct().Single(),
            row.Where(change => !change.IsSentinel).Select(change => (change.Column, change.Version))));
        return new ReplicaState(changes, [.. rows.Order(StringComparer.Ordinal)], [.. clocks.Order(StringComparer.Ordinal)]);
    }

    public static string RowLine(string table, string key, IEnumerable<(string Name, object? Value)> columns) =>
        $"{table} {key} " + string.Join(" ", columns.Where(column => column.Value != null).OrderBy(column => column.Name, StringComparer.Ordinal)
            .Select(column => $"{column.Name}={FixtureValues.Describe(column.Value)}"));

    public static string ClockLine(string table, string key, long causalLength, IEnumerable<(string Name, long Version)> columns) =>
        $"{table} {key} cl {causalLength} " + string.Join(" ", columns.OrderBy(column => column.Name, StringComparer.Ordinal)
            .Select(column => $"{column.Name}:{column.Version}"));
}
