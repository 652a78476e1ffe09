using System.Text;
using ChunkSync.Tests.Host;

namespace ChunkSync.Tests.Merge;

/// <summary>The merge rules on rows that are named by what SQLite takes for one key: dictionaries, no SQL, no order of arrival. The bytes of
/// a row's key are those of its longest life, among equals those that come first.</summary>
/// <param name="classOf">What is the same for all keys that are equal, by table and decoded key values.</param>
internal sealed class FormModel(Func<string, object?[], string> classOf)
{
    private Dictionary<(string Table, string Class), FormRow> rows = [];

    /// <summary>A copy to come back to.</summary>
    public FormModel Copy() => new(classOf) { rows = rows.ToDictionary(entry => entry.Key, entry => entry.Value.Copy()) };

    public void Merge(IEnumerable<NaiveChange> changes)
    {
        foreach (NaiveChange change in changes)
        {
            Merge(change);
        }
    }

    public List<string> Lines()
    {
        List<string> lines = [];
        foreach (((string table, string name), FormRow row) in rows)
        {
            bool isAlive = row.CausalLength % 2 == 1;
            lines.Add(isAlive
                ? $"{table} {row.Form} cl {row.CausalLength} " + string.Join(" ", row.Columns.OrderBy(column => column.Key, StringComparer.Ordinal)
                    .Select(column => $"{column.Key}:{column.Value.Version}={FixtureValues.Describe(column.Value.Value)}"))
                : $"{table} ({name}) deleted {row.CausalLength}");
        }

        lines.Sort(StringComparer.Ordinal);
        return lines;
    }

    /// <summary>The class of a key in hex.</summary>
    public string ClassOf(string table, string key) => classOf(table, Decode(Convert.FromHexString(key)));

    private void Merge(NaiveChange change)
    {
        (string, string) name = (change.Table, ClassOf(change.Table, change.Key));
        if (!rows.TryGetValue(name, out FormRow? row))
        {
            rows[name] = row = new FormRow();
        }

        if (change.CausalLength < row.CausalLength)
        {
            return;
        }

        bool begins = change.CausalLength > row.CausalLength;
        if (begins)
        {
            BeginLife(row, change);
        }
        else if (string.CompareOrdinal(change.Key, row.Form) < 0)
        {
            row.Form = change.Key;
        }

        if (change.IsSentinel || row.CausalLength % 2 == 0)
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

    private static void BeginLife(FormRow row, NaiveChange change)
    {
        if (change.CausalLength % 2 == 0)
        {
            row.Columns.Clear();
        }

        foreach (string column in row.Columns.Keys.ToList())
        {
            row.Columns[column] = (0, row.Columns[column].Value);
        }

        row.CausalLength = change.CausalLength;
        row.Form = change.Key;
    }

    /// <summary>The values of a pk blob with texts, small integers and reals.</summary>
    private static object?[] Decode(byte[] key)
    {
        List<object?> values = [];
        for (int at = 1; at < key.Length;)
        {
            int kind = key[at] & 7;
            int count = key[at++] >> 3;
            long number = 0;
            for (int i = 0; i < count; i++)
            {
                number = (number << 8) | key[at++];
            }

            switch (kind)
            {
                case 0 or 1:
                    values.Add(kind == 1 ? number : -number);
                    break;
                case 2 or 7:
                    double real = BitConverter.ToDouble(key, at);
                    values.Add(kind == 2 ? real : -real);
                    at += 8;
                    break;
                default:
                    values.Add(kind == 3 ? Encoding.UTF8.GetString(key, at, (int)number) : Convert.ToHexString(key, at, (int)number));
                    at += (int)number;
                    break;
            }
        }

        return [.. values];
    }
}
