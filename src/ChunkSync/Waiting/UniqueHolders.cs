using ChunkSync.Catalog;
using ChunkSync.Format;
using ChunkSync.Keys;
using ChunkSync.Merge;
using ChunkSync.Sqlite;

namespace ChunkSync.Waiting;

/// <summary>For one table: the rows that hold, in a unique index, the values that a refused row would have; one seek per index.</summary>
internal sealed unsafe class UniqueHolders : IDisposable
{
    /// <summary>A column of an index or of its WHERE: where a row's value of it comes from.</summary>
    /// <param name="Key">Its place in the key; -1 for none.</param>
    /// <param name="Value">Its place among the value columns; -1 for none.</param>
    /// <param name="Place">Its place in what is read of a row, and of the defaults.</param>
    private readonly record struct Source(int Key, int Value, int Place);

    private readonly TrackedTable table;
    private readonly List<UniqueIndex> indexes = [];
    private readonly List<Source[]> sources = [];
    private readonly List<Statement> holders = [];
    private readonly Statement read;
    private readonly Statement defaults;
    private readonly KeyBuffer found;

    public UniqueHolders(Connection connection, TableKeys keys, TrackedTable table)
    {
        this.table = table;
        indexes = UniqueIndex.Read(connection, table);
        List<string> columns = [.. indexes.SelectMany(index => index.Watched).Distinct()];
        string keyColumns = string.Join(", ", table.KeyColumns.Select(column => column.Quoted));
        foreach (UniqueIndex index in indexes)
        {
            holders.Add(connection.Prepare($"SELECT {keyColumns} FROM {table.Quoted} WHERE {index.HolderCondition()}"));
            sources.Add([.. index.Watched.Select(name => new Source(
                Array.FindIndex(table.KeyColumns, column => column.Name == name),
                Array.FindIndex(table.ValueColumns, column => column.Name == name), columns.IndexOf(name)))]);
        }

        string names = columns.Count == 0 ? "1" : string.Join(", ", columns.Select(Connection.Quote));
        read = connection.Prepare($"SELECT {names} FROM {table.Quoted} WHERE {string.Join(" AND ", keys.Rules(table).Conditions)}");
        defaults = connection.Prepare("SELECT " + (columns.Count == 0 ? "1" : string.Join(", ", DefaultsOf(connection, table, columns))));
        found = new KeyBuffer(null);
    }

    /// <summary>The number of indexes.</summary>
    public int Count => indexes.Count;

    /// <summary>The key of the row that holds the place of a refused row in an index.</summary>
    /// <param name="index">The index.</param>
    /// <param name="row">The refused row, in progress.</param>
    /// <param name="key">The holder's key, as its clocks have it; valid until the next call.</param>
    /// <returns>False when no other row holds it.</returns>
    public bool TryFind(int index, RowMerger row, out ReadOnlySpan<byte> key)
    {
        Statement holder = holders[index];
        holder.Reset();
        Bind(holder, sources[index], row);
        bool isFound = false;
        try
        {
            while (!isFound && holder.Step())
            {
                isFound = found.TryRead(holder, table.KeyColumns.Length) && !found.Bytes.SequenceEqual(row.Key.Span);
            }
        }
        finally
        {
            holder.Reset();
            holder.ClearBindings();
        }

        key = isFound ? found.Bytes : default;
        return isFound;
    }

    /// <summary>The value column of an index, or of its WHERE, that is about to be written and can get a placeholder, or one more: the first one of those
    /// that had the fewest; -1 for none.</summary>
    /// <param name="index">The index.</param>
    /// <param name="row">The row, in progress.</param>
    /// <param name="parked">Columns that hold placeholders, each as often as it got one; null for none.</param>
    public int ColumnToPark(int index, RowMerger row, ParkedColumns? parked)
    {
        int column = -1;
        int fewest = int.MaxValue;
        foreach (Source source in sources[index])
        {
            if (source.Value < 0 || !row.TryGetWon(source.Value, out _))
            {
                continue;
            }

            int had = parked?.CountOf(source.Value) ?? 0;
            if (had < fewest && had < Parking.CountOf(table.ValueColumns[source.Value]))
            {
                column = source.Value;
                fewest = had;
            }
        }

        return column;
    }

    public void Dispose()
    {
        holders.ForEach(statement => statement.Dispose());
        read.Dispose();
        defaults.Dispose();
        found.Dispose();
    }

    private static IEnumerable<string> DefaultsOf(Connection connection, TrackedTable table, List<string> columns)
    {
        using Statement info = connection.Prepare("SELECT name, dflt_value FROM pragma_table_info(?1, 'main')");
        info.Bind(1, table.Name);
        Dictionary<string, string> texts = [];
        while (info.Step())
        {
            texts[info.String(0)] = info.IsNull(1) ? "NULL" : ColumnDefault.Expression(info.String(1));
        }

        info.Reset();
        return [.. columns.Select(column => texts.GetValueOrDefault(column, "NULL"))];
    }

    private void Bind(Statement holder, Source[] columns, RowMerger row)
    {
        // Before a statement runs that would keep the connection open if this failed.
        _ = holder.Handle;
        _ = defaults.Handle;
        read.Reset();
        KeyBinder.Bind(read, table, row.Key);
        Statement rest = read;
        if (!read.Step())
        {
            read.Reset();
            rest = defaults;
            rest.Step();
        }

        try
        {
            BindEach(holder, columns, row, rest);
        }
        finally
        {
            rest.Reset();
        }
    }

    private static void BindEach(Statement holder, Source[] columns, RowMerger row, Statement rest)
    {
        for (int i = 0; i < columns.Length; i++)
        {
            if (columns[i].Key >= 0)
            {
                StoredValue.BindCopy(holder, i + 1, KeyValue(row.Key, columns[i].Key));
            }
            else if (columns[i].Value >= 0 && row.TryGetWon(columns[i].Value, out WireValue won))
            {
                StoredValue.BindCopy(holder, i + 1, won);
            }
            else
            {
                holder.Bind(i + 1, rest.ColumnValue(columns[i].Place));
            }
        }
    }

    private static WireValue KeyValue(NativeBytes key, int place)
    {
        ValueReader reader = new(key.Data + 1, key.Length - 1);
        WireValue value = default;
        for (int i = 0; i <= place; i++)
        {
            reader.TryRead(out value);
        }

        return value;
    }
}
