namespace ChunkSync.Tests.Merge;

/// <summary>A replica reduced to what decides: dictionaries and the merge rules as the specification words them (behaviour F.3, F.4). It has
/// no SQL, no clocks of its own, no transactions and no order of arrival.</summary>
internal sealed class NaiveReplica
{
    private readonly Dictionary<(string Table, string Key), NaiveRow> rows;

    public NaiveReplica()
        : this([])
    {
    }

    private NaiveReplica(Dictionary<(string Table, string Key), NaiveRow> rows) => this.rows = rows;

    public IEnumerable<(string Table, string Key)> Keys => rows.Keys;

    /// <summary>All rows that were ever heard of.</summary>
    public IReadOnlyDictionary<(string Table, string Key), NaiveRow> Rows => rows;

    /// <summary>Forgets columns of a table, as an alteration does that drops them.</summary>
    /// <param name="table">The table.</param>
    /// <param name="columns">The columns that stay.</param>
    public void Prune(string table, IEnumerable<string> columns)
    {
        HashSet<string> left = [.. columns];
        foreach (KeyValuePair<(string Table, string Key), NaiveRow> row in rows.Where(row => row.Key.Table == table))
        {
            foreach (string gone in row.Value.Columns.Keys.Where(column => !left.Contains(column)).ToList())
            {
                row.Value.Columns.Remove(gone);
            }
        }
    }

    /// <summary>Forgets a table.</summary>
    public void Forget(string table)
    {
        foreach ((string, string) key in rows.Keys.Where(key => key.Table == table).ToList())
        {
            rows.Remove(key);
        }
    }

    public NaiveRow this[string table, string key] => rows.GetValueOrDefault((table, key)) ?? new NaiveRow();

    /// <summary>A copy to come back to when a transaction or a savepoint is rolled back.</summary>
    public NaiveReplica Copy() => new(rows.ToDictionary(entry => entry.Key, entry => entry.Value.Copy()));

    public void Merge(IEnumerable<NaiveChange> changes)
    {
        foreach (NaiveChange change in changes)
        {
            Merge(change);
        }
    }

    /// <summary>Merges one change that came from anywhere.</summary>
    public void Merge(NaiveChange change)
    {
        NaiveRow row = Row(change);
        if (change.CausalLength < row.CausalLength)
        {
            return;
        }

        bool begins = change.CausalLength > row.CausalLength;
        if (begins)
        {
            BeginLife(row, change.CausalLength);
        }

        if (change.IsSentinel || !row.IsAlive)
        {
            return;
        }

        bool known = row.Columns.TryGetValue(change.Column, out (long Version, object? Value) local);
        if (!known || begins || change.Version > local.Version
            || (change.Version == local.Version && NaiveOrder.Instance.Compare(change.Value, local.Value) > 0))
        {
            row.Columns[change.Column] = (change.Version, change.Value);
        }
    }

    /// <summary>The rows of the base tables, one line each. A column without a value is NULL, and NULL is not written.</summary>
    public List<string> RowLines() =>
    [
        .. rows.Where(entry => entry.Value.IsAlive).Select(entry => ReplicaState.RowLine(
            entry.Key.Table, entry.Key.Key, entry.Value.Columns.Select(column => (column.Key, column.Value.Value)))).Order(StringComparer.Ordinal),
    ];

    /// <summary>What decides about each key: its causal length and its column versions.</summary>
    public List<string> ClockLines() =>
    [
        .. rows.Select(entry => ReplicaState.ClockLine(
            entry.Key.Table, entry.Key.Key, entry.Value.CausalLength, entry.Value.Columns.Select(column => (column.Key, column.Value.Version))))
            .Order(StringComparer.Ordinal),
    ];

    /// <summary>A delete forgets the columns. A row that lives again keeps what it has until its new columns arrive, but as version 0,
    /// which every column of the new life beats.</summary>
    private static void BeginLife(NaiveRow row, long causalLength)
    {
        if (causalLength % 2 == 0)
        {
            row.Columns.Clear();
        }

        foreach (string column in row.Columns.Keys.ToList())
        {
            row.Columns[column] = (0, row.Columns[column].Value);
        }

        row.CausalLength = causalLength;
    }

    private NaiveRow Row(NaiveChange change)
    {
        if (!rows.TryGetValue((change.Table, change.Key), out NaiveRow? row))
        {
            rows[(change.Table, change.Key)] = row = new NaiveRow();
        }

        return row;
    }
}
