using ChunkSync.Tests.Host;

namespace ChunkSync.Tests.Histories;

/// <summary>What one table of a replica holds, read with plain SQL: its value columns with their defaults, its rows, which of them are outside the
/// filter, and the sentinels.</summary>
internal sealed class TableState
{
    /// <summary>The value of each column where a row was made without it.</summary>
    public Dictionary<string, object?> Defaults { get; } = [];

    /// <summary>The rows by pk blob in hex: column to value.</summary>
    public Dictionary<string, Dictionary<string, object?>> Rows { get; } = [];

    /// <summary>Rows for which the filter is not true.</summary>
    public HashSet<string> Outside { get; } = [];

    /// <summary>The col_version of every sentinel.</summary>
    public Dictionary<string, long> Sentinels { get; } = [];

    public static TableState Read(Database database, HistoryTable table, string? filter)
    {
        TableState state = new();
        foreach (object?[] column in database.Query($"SELECT name, dflt_value FROM pragma_table_info('{table.Name}') WHERE pk = 0"))
        {
            state.Defaults[(string)column[0]!] = column[1] is string text
                ? long.TryParse(text, out long number) ? number : text.Trim('\'') : null;
        }

        string[] columns = [.. state.Defaults.Keys];
        string select = string.Concat(columns.Select(column => ", " + column));
        foreach (object?[] row in database.Query(
            $"SELECT cloudsync_pk_encode({string.Join(", ", table.KeysAsDeclared)}), {filter ?? "1"}{select} FROM {table.Name}"))
        {
            string key = Convert.ToHexStringLower((byte[])row[0]!);
            Dictionary<string, object?> values = [];
            for (int i = 0; i < columns.Length; i++)
            {
                values[columns[i]] = row[i + 2];
            }

            state.Rows[key] = values;
            if (row[1] is not 1L)
            {
                state.Outside.Add(key);
            }
        }

        foreach (object?[] row in database.Query($"SELECT pk, col_version FROM {table.Name}_cloudsync WHERE col_name = '__[RIP]__'"))
        {
            state.Sentinels[Convert.ToHexStringLower((byte[])row[0]!)] = (long)row[1]!;
        }

        return state;
    }
}
