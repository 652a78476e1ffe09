using ChunkSync.Tests.Merge;

namespace ChunkSync.Tests.Histories;

/// <summary>Compares the naive model of a replica, or of one that follows it, with what the replica shows.</summary>
internal static class ViewComparison
{
    /// <summary>Rows that differ: in being there, or in a value. A column without a clock has its default.</summary>
    public static IEnumerable<((string Table, string Key) Row, string Text)> Rows(NaiveReplica model, ReplicaView view)
    {
        foreach ((string table, TableState state) in view.Tables)
        {
            foreach ((string key, Dictionary<string, object?> values) in state.Rows)
            {
                NaiveRow row = model[table, key];
                string? text = row.IsAlive ? Values(row, values, state.Defaults) : "is there, and should not be";
                if (text != null)
                {
                    yield return ((table, key), $"{table} {key}: the row {text}");
                }
            }
        }

        foreach (((string table, string key), NaiveRow row) in model.Rows)
        {
            if (row.IsAlive && !view.Tables[table].Rows.ContainsKey(key))
            {
                yield return ((table, key), $"{table} {key}: the row is not there, and should be");
            }
        }
    }

    /// <summary>Rows that differ in their causal length, or in a column's version.</summary>
    public static IEnumerable<((string Table, string Key) Row, string Text)> Clocks(NaiveReplica model, ReplicaView view)
    {
        Dictionary<(string, string), (long CausalLength, Dictionary<string, long> Versions)> shown = [];
        foreach (NaiveChange change in view.Changes)
        {
            if (!shown.TryGetValue((change.Table, change.Key), out (long CausalLength, Dictionary<string, long> Versions) row))
            {
                shown[(change.Table, change.Key)] = row = (change.CausalLength, []);
            }

            if (!change.IsSentinel)
            {
                row.Versions[change.Column] = change.Version;
            }
        }

        foreach ((string, string) key in shown.Keys.Union(model.Rows.Keys))
        {
            (long causalLength, Dictionary<string, long>? versions) = shown.GetValueOrDefault(key);
            NaiveRow row = model[key.Item1, key.Item2];
            string? text = causalLength != row.CausalLength
                ? $"the causal length is {causalLength}, and should be {row.CausalLength}" : Versions(row, versions ?? []);
            if (text != null)
            {
                yield return (key, $"{key.Item1} {key.Item2}: {text}");
            }
        }
    }

    public static bool Same(object? left, object? right) => NaiveOrder.Instance.Compare(left, right) == 0;

    private static string? Values(NaiveRow row, Dictionary<string, object?> values, Dictionary<string, object?> defaults)
    {
        foreach ((string column, object? value) in values)
        {
            object? should = row.Columns.TryGetValue(column, out (long Version, object? Value) known) ? known.Value : defaults[column];
            if (!Same(should, value))
            {
                return $"has {column} = {HistoryValues.Describe(value)}, and should have {HistoryValues.Describe(should)}";
            }
        }

        return null;
    }

    private static string? Versions(NaiveRow row, Dictionary<string, long> versions)
    {
        foreach (string column in versions.Keys.Union(row.Columns.Keys))
        {
            long? shown = versions.TryGetValue(column, out long version) ? version : null;
            long? should = row.Columns.TryGetValue(column, out (long Version, object? Value) known) ? known.Version : null;
            if (shown != should)
            {
                return $"{column} has version {shown?.ToString() ?? "none"}, and should have {should?.ToString() ?? "none"}";
            }
        }

        return null;
    }
}
