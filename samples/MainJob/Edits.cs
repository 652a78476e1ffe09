using Microsoft.Data.Sqlite;

namespace ChunkSync.Samples.MainJob;

/// <summary>Writes of several people who do not know of each other, made to collide: each in its own transaction, no two swaps in the same row. What
/// has to be taken back so that everything fits is remembered.</summary>
/// <param name="random">Chooses the rows.</param>
internal sealed class Edits(Random random)
{
    private const int MostRows = 100_000;
    private const int MostChildren = 200;

    private readonly Dictionary<string, Queue<object?[][]>> pools = [];
    private readonly Dictionary<string, long> counts = [];
    private readonly Dictionary<string, SortedSet<string>> repaired = [];

    /// <summary>What was written, and how often.</summary>
    public IReadOnlyDictionary<string, long> Counts => counts;

    /// <summary>Tables of which rows have to be taken back, and their columns.</summary>
    public IReadOnlyDictionary<string, SortedSet<string>> Repaired => repaired;

    /// <summary>A row that no one has written yet, or null when there is none left.</summary>
    public object?[]? Take(Replica replica, TableInfo table) => TakePair(replica, table)?[0];

    /// <summary>Two rows exchange the last value of a UNIQUE index, by way of a third one, as everybody has to do it.</summary>
    public void Swap(Replica replica, TableInfo table, string[] columns)
    {
        if (TakePair(replica, table) is not [object?[] first, object?[] second]
            || Read(replica, table, columns, first) is not object?[] one || Read(replica, table, columns, second) is not object?[] other
            || !one.AsSpan(0, one.Length - 1).SequenceEqual(other.AsSpan(0, one.Length - 1)))
        {
            return;
        }

        string[] last = [columns[^1]];
        Try(replica, "swaps", () =>
        {
            Write(replica, table, last, first, [Fresh(replica, table, last[0], one[^1])]);
            Write(replica, table, last, second, [one[^1]]);
            Write(replica, table, last, first, [other[^1]]);
        });
    }

    /// <summary>Two people take one value for two rows; the second one will have to give it back.</summary>
    public void Collide(Replica first, Replica second, TableInfo table, string[] columns)
    {
        if (TakePair(first, table) is not [object?[] mine, object?[] theirs] || Read(first, table, columns, mine) is not object?[] wanted)
        {
            return;
        }

        wanted[^1] = Fresh(first, table, columns[^1], wanted[^1]);
        if (Try(first, "writes of the same names", () => Write(first, table, columns, mine, wanted)))
        {
            Take(second, table, columns, theirs, "writes of the same names", wanted);
        }
    }

    /// <summary>One deletes a row and those that refer to it, another one lets one more refer to it and will have to let it go.</summary>
    public void Orphan(Replica first, Replica second, TableInfo table, (string Column, string Parent, string ParentColumn) reference)
    {
        (string column, string parent) = (Sql.Quote(reference.Column), Sql.Quote(reference.Parent));
        List<object?[]> found = Sql.Rows(first.Connection,
            $"SELECT {column} FROM {Sql.Quote(table.Name)} WHERE {column} IS NOT NULL GROUP BY 1 HAVING count(*) <= {MostChildren} ORDER BY 1");
        if (found.Count == 0 || Take(first, table) is not object?[] child)
        {
            return;
        }

        object? target = found[random.Next(found.Count)][0];
        if (Try(first, "deletions with what refers to them", () =>
        {
            Sql.Run(first.Connection, $"DELETE FROM {Sql.Quote(table.Name)} WHERE {column} = $target", ("$target", target));
            Sql.Run(first.Connection, $"DELETE FROM {parent} WHERE {Sql.Quote(reference.ParentColumn)} = $target", ("$target", target));
        }))
        {
            Take(second, table, [reference.Column], child, "references to what is deleted elsewhere", [target]);
        }
    }

    /// <summary>Writes values that the others, or some of them, refuse; what was there before is kept for <see cref="Repair"/>.</summary>
    public void Take(Replica replica, TableInfo table, string[] columns, object?[] key, string what, object?[] values)
    {
        string kept = "temp." + Sql.Quote("before_" + table.Name);
        if (Try(replica, what, () =>
        {
            Sql.Run(replica.Connection, $"CREATE TABLE IF NOT EXISTS {kept} AS SELECT * FROM {Sql.Quote(table.Name)} LIMIT 0");
            Sql.Run(replica.Connection, $"INSERT INTO {kept} SELECT * FROM {Sql.Quote(table.Name)} WHERE {table.Where}", TableInfo.Bind(key));
            Write(replica, table, columns, key, values);
        }))
        {
            repaired.TryAdd(table.Name, []);
            repaired[table.Name].UnionWith(columns);
        }
    }

    /// <summary>Two people write one column of one row: the newer one wins, nobody waits.</summary>
    public void Overwrite(IEnumerable<Replica> replicas, TableInfo table, string column)
    {
        if (Take(replicas.First(), table) is object?[] key)
        {
            foreach (Replica replica in replicas)
            {
                Try(replica, "writes of the same cells", () => Sql.Run(replica.Connection,
                    $"UPDATE {Sql.Quote(table.Name)} SET {Sql.Quote(column)} = coalesce({Sql.Quote(column)}, '') || ' (' || $who || ')' WHERE {table.Where}",
                    [.. TableInfo.Bind(key), ("$who", replica.Name)]));
            }
        }
    }

    /// <summary>The UPDATE that takes back what collides.</summary>
    public string Repair(TableInfo table)
    {
        string columns = Sql.List(repaired[table.Name]);
        string same = string.Join(" AND ", table.Key.Select(column => $"b.{Sql.Quote(column)} = t.{Sql.Quote(column)}"));
        string before = "temp." + Sql.Quote("before_" + table.Name) + " AS b WHERE " + same;
        return $"UPDATE {Sql.Quote(table.Name)} AS t SET ({columns}) = (SELECT {columns} FROM {before}) WHERE EXISTS (SELECT 1 FROM {before})";
    }

    /// <summary>A transaction of its own; where the database refuses it, nothing happened.</summary>
    public bool Try(Replica replica, string what, Action write)
    {
        Sql.Run(replica.Connection, "SAVEPOINT edit");
        try
        {
            write();
            Sql.Run(replica.Connection, "RELEASE edit");
            counts[what] = counts.GetValueOrDefault(what) + 1;
            return true;
        }
        catch (SqliteException refused) when (refused.SqliteErrorCode is 1 or 19 or 20)
        {
            Sql.Run(replica.Connection, "ROLLBACK TO edit; RELEASE edit");
            counts["refused where they were written"] = counts.GetValueOrDefault("refused where they were written") + 1;
            return false;
        }
    }

    /// <summary>Two rows that nobody has written yet: neighbours in the order of the first UNIQUE index, so that they are in one file, folder or
    /// board where it begins with that.</summary>
    private object?[][]? TakePair(Replica replica, TableInfo table)
    {
        if (!pools.TryGetValue(table.Name, out Queue<object?[][]>? pool))
        {
            string order = Sql.List(table.Unique.Count > 0 ? table.Unique[0] : table.Key);
            object?[][][] pairs = [.. Sql.Rows(replica.Connection,
                $"SELECT {Sql.List(table.Key)} FROM {Sql.Quote(table.Name)} ORDER BY {order} LIMIT {MostRows}").Chunk(2).Where(pair => pair.Length == 2)];
            random.Shuffle(pairs);
            pools[table.Name] = pool = new Queue<object?[][]>(pairs);
        }

        return pool.TryDequeue(out object?[][]? pair) ? pair : null;
    }

    /// <summary>Values of a row, or null where it is not there.</summary>
    private static object?[]? Read(Replica replica, TableInfo table, string[] columns, object?[] key) =>
        Sql.Rows(replica.Connection, $"SELECT {Sql.List(columns)} FROM {Sql.Quote(table.Name)} WHERE {table.Where}", TableInfo.Bind(key)).FirstOrDefault();

    private static void Write(Replica replica, TableInfo table, string[] columns, object?[] key, object?[] values)
    {
        string set = string.Join(", ", columns.Select((column, i) => $"{Sql.Quote(column)} = $v{i}"));
        Sql.Run(replica.Connection, $"UPDATE {Sql.Quote(table.Name)} SET {set} WHERE {table.Where}",
            [.. TableInfo.Bind(key), .. values.Select((value, i) => ($"$v{i}", value))]);
    }

    /// <summary>A value that no row has, of the type of another one.</summary>
    private object? Fresh(Replica replica, TableInfo table, string column, object? value) => value switch
    {
        string text => text + " ~" + random.Next(1_000_000),
        byte[] bytes => (byte[])[.. bytes, (byte)random.Next(256), (byte)random.Next(256)],
        double => random.NextDouble() * 1e9,
        _ => Sql.Number(replica.Connection, $"SELECT max({Sql.Quote(column)}) FROM {Sql.Quote(table.Name)}") + 1 + random.Next(1000),
    };
}
