namespace ChunkSync.Tests.Histories;

/// <summary>What users wrote, and what each replica had heard of when they did: who writes a cell last, knowing all other writes of it, is right. It knows
/// nothing of clocks and versions.</summary>
internal sealed class OrmLedger
{
    private readonly List<OrmWrite> writes = [];
    private readonly int[][] known = [[0, 0], [0, 0]];
    private int values;

    /// <summary>How many writes a replica has made.</summary>
    public int Count(int replica) => known[replica][replica];

    /// <summary>A number that no value has had.</summary>
    public int NextValue() => ++values;

    /// <summary>A replica has heard of the first writes of the other one.</summary>
    public void Heard(int replica, int count) => known[replica][1 - replica] = Math.Max(known[replica][1 - replica], count);

    public void Add(int replica, string table, string key, string? column, object? value, bool isCopy = false)
    {
        int[] before = [.. known[replica]];
        writes.Add(new(replica, ++known[replica][replica], table, key, column, value, before, isCopy));
    }

    /// <summary>Writes down how a table differs from before.</summary>
    /// <param name="replica">Where.</param>
    /// <param name="table">The table.</param>
    /// <param name="before">The rows before.</param>
    /// <param name="after">The rows now.</param>
    public void AddDifference(int replica, string table, OrmRows before, OrmRows after)
    {
        foreach (string key in before.Keys.Except(after.Keys))
        {
            Add(replica, table, key, null, false);
        }

        foreach ((string key, Dictionary<string, object?> values) in after)
        {
            Dictionary<string, object?>? old = before.GetValueOrDefault(key);
            if (old == null)
            {
                Add(replica, table, key, null, true);
            }

            foreach ((string column, object? value) in values)
            {
                if (old == null || (old.TryGetValue(column, out object? was) && !Equals(was, value)))
                {
                    Add(replica, table, key, column, value);
                }
            }
        }
    }

    /// <summary>What contradicts the writes; null for nothing.</summary>
    /// <param name="table">The table.</param>
    /// <param name="rows">Its rows at the end.</param>
    /// <param name="isFree">Columns of which anything may be true.</param>
    public string? Contradiction(string table, OrmRows rows, Func<string, bool> isFree)
    {
        ILookup<(string Key, string? Column), OrmWrite> cells = writes.Where(write => write.Table == table).ToLookup(write => (write.Key, write.Column));
        foreach (IGrouping<(string Key, string? Column), OrmWrite> row in cells.Where(cell => cell.Key.Column == null))
        {
            if (Last(row).All(write => write.Value is not bool isThere || isThere != rows.ContainsKey(row.Key.Key)))
            {
                return $"{table} {row.Key.Key} {(rows.ContainsKey(row.Key.Key) ? "is there, and was deleted last" : "is gone, and nobody deleted it last")}";
            }
        }

        foreach ((string key, Dictionary<string, object?> values) in rows)
        {
            OrmWrite[] lives = [.. cells[(key, null)]];
            foreach ((string column, object? value) in values.Where(cell => !isFree(cell.Key)))
            {
                // A life that begins or ends takes the values of the one before with it, whoever wrote them.
                List<OrmWrite> last = [.. Last(cells[(key, column)]).Where(write => !lives.Any(life => life.Beats(write)))];
                bool isSure = last.Count > 0 && !lives.Any(life => last.Exists(write => !write.Beats(life) && life.Replica != write.Replica));
                if (isSure && !last.Exists(write => Equals(write.Value, value)))
                {
                    return $"{table} {key} {column} is {value ?? "NULL"}, and was written last as {string.Join(" or ", last.Select(write => $"{write.Value ?? "NULL"} by r{write.Replica}"))}";
                }
            }
        }

        return null;
    }

    private static List<OrmWrite> Last(IEnumerable<OrmWrite> cell)
    {
        List<OrmWrite> all = [.. cell];
        return [.. all.Where(write => !all.Exists(other => other.Beats(write)))];
    }
}
