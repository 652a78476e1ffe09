using ChunkSync.Catalog;
using ChunkSync.Format;
using ChunkSync.Keys;
using ChunkSync.Merge;
using ChunkSync.Sqlite;

namespace ChunkSync.Waiting;

/// <summary>The foreign keys of one table, both ways: which row a refused one misses, and whether the references of a written one hold.</summary>
internal sealed unsafe class ReferenceSeeks : IDisposable
{
    /// <summary>A key of the table.</summary>
    /// <param name="Parent">The table that is referred to.</param>
    /// <param name="Columns">The key's columns.</param>
    /// <param name="Tracked">The parent as a tracked table whose key is what is referred to; null for others.</param>
    /// <param name="Order">For each column of the parent's key, its place in <paramref name="Columns"/>.</param>
    /// <param name="Exists">Whether a parent is there: parameters in the order of the columns.</param>
    private sealed record Own(string Parent, string[] Columns, TrackedTable? Tracked, int[] Order, Statement Exists);

    private readonly TrackedTable table;
    private readonly List<Own> own = [];
    private readonly Statement read;
    private readonly List<string> columns = [];
    private readonly List<Statement> dangling = [];
    private readonly List<(Statement Find, TrackedTable Child)> children = [];
    private readonly List<Statement> orphans = [];
    private readonly KeyBuffer found = new(null);

    public ReferenceSeeks(Connection connection, TableCatalog catalog, TableKeys keys, TrackedTable table)
    {
        this.table = table;
        string key = string.Join(" AND ", keys.Rules(table).Conditions.Select(condition => "c." + condition));
        using (Statement list = connection.Prepare(
            "SELECT id, \"table\", \"from\", \"to\" FROM pragma_foreign_key_list(?1, 'main') ORDER BY id, seq"))
        {
            list.Bind(1, table.Name);
            foreach ((string parent, string[] from, string[] to) in ReadKeys(list, catalog))
            {
                AddOwn(connection, catalog, parent, from, to, key);
            }
        }

        string names = columns.Count == 0 ? "1" : string.Join(", ", columns.Select(Connection.Quote));
        read = connection.Prepare($"SELECT {names} FROM {table.Quoted} AS c WHERE {key}");
        AddChildren(connection, catalog);
    }

    /// <summary>The first row that a refused row refers to and that is not there.</summary>
    /// <param name="row">The refused row, in progress.</param>
    /// <param name="parent">The table of the missing row.</param>
    /// <param name="key">Its key; valid until the next call.</param>
    /// <returns>False where nothing is missing, or what is missing has no key that could be told.</returns>
    public bool TryFindMissing(RowMerger row, out TrackedTable? parent, out ReadOnlySpan<byte> key)
    {
        parent = null;
        key = default;
        foreach (Own reference in own)
        {
            if (reference.Tracked != null && BindKey(reference, row) && !Has(reference.Exists))
            {
                found.Begin(reference.Order.Length);
                foreach (int place in reference.Order)
                {
                    AppendValue(row, reference.Columns[place]);
                }

                parent = reference.Tracked;
                key = found.Bytes;
                return true;
            }
        }

        return false;
    }

    /// <summary>The first row that refers to a row by its key; what is in the way when the row is deleted.</summary>
    public bool TryFindChild(NativeBytes row, out TrackedTable? child, out ReadOnlySpan<byte> key)
    {
        foreach ((Statement find, TrackedTable of) in children)
        {
            find.Reset();
            try
            {
                if (KeyBinder.TryBind(find, table, row) && find.Step() && found.TryRead(find, of.KeyColumns.Length))
                {
                    child = of;
                    key = found.Bytes;
                    return true;
                }
            }
            finally
            {
                find.Reset();
            }
        }

        child = null;
        key = default;
        return false;
    }

    /// <summary>Whether all references of a row, and those to its key, hold in what is written now.</summary>
    public bool Hold(NativeBytes row) => !dangling.Exists(statement => HasRow(statement, row)) && (Exists(row) || !orphans.Exists(statement => HasRow(statement, row)));

    public void Dispose()
    {
        own.ForEach(reference => reference.Exists.Dispose());
        dangling.ForEach(statement => statement.Dispose());
        orphans.ForEach(statement => statement.Dispose());
        children.ForEach(child => child.Find.Dispose());
        read.Dispose();
        found.Dispose();
    }

    private static List<(string Parent, string[] From, string[] To)> ReadKeys(Statement list, TableCatalog catalog)
    {
        List<(long Id, string Parent, List<string> From, List<string?> To)> read = [];
        while (list.Step())
        {
            if (read.Count == 0 || read[^1].Id != list.Int64(0))
            {
                read.Add((list.Int64(0), list.String(1), [], []));
            }

            read[^1].From.Add(list.String(2));
            read[^1].To.Add(list.IsNull(3) ? null : list.String(3));
        }

        list.Reset();
        List<(string, string[], string[])> keys = [];
        foreach ((long _, string parent, List<string> from, List<string?> to) in read)
        {
            string[] referred = to.Contains(null)
                ? [.. catalog.ReadColumns(parent).Where(column => column.IsKey).OrderBy(column => column.KeyOrdinal).Select(column => column.Name)]
                : [.. to.Select(name => name!)];
            if (catalog.FindBaseTable(parent) != null && referred.Length == from.Count)
            {
                keys.Add((parent, [.. from], referred));
            }
        }

        return keys;
    }

    private void AddOwn(Connection connection, TableCatalog catalog, string parent, string[] from, string[] to, string key)
    {
        columns.AddRange(from.Where(name => !columns.Contains(name)));
        TrackedTable? tracked = catalog.Find(parent);
        int[] order = tracked == null || tracked.KeyColumns.Length != to.Length ? []
            : [.. tracked.KeyColumns.Select(column => Array.FindIndex(to, name => AsciiNames.Same(name, column.Name)))];
        bool isKey = order.Length > 0 && Array.TrueForAll(order, place => place >= 0);
        string quoted = "main." + Connection.Quote(parent);
        own.Add(new Own(parent, from, isKey ? tracked : null, order, connection.Prepare(
            $"SELECT 1 FROM {quoted} WHERE {string.Join(" AND ", to.Select((name, i) => $"{Connection.Quote(name)} = ?{i + 1}"))}")));
        dangling.Add(connection.Prepare($"SELECT 1 FROM {table.Quoted} AS c WHERE {key} AND "
            + string.Join(" AND ", from.Select(name => $"c.{Connection.Quote(name)} IS NOT NULL"))
            + $" AND NOT EXISTS (SELECT 1 FROM {quoted} AS p WHERE "
            + string.Join(" AND ", to.Select((name, i) => $"p.{Connection.Quote(name)} = c.{Connection.Quote(from[i])}")) + ")"));
    }

    private void AddChildren(Connection connection, TableCatalog catalog)
    {
        foreach (TrackedTable child in catalog.All)
        {
            using Statement list = connection.Prepare(
                "SELECT id, \"table\", \"from\", \"to\" FROM pragma_foreign_key_list(?1, 'main') WHERE \"table\" = ?2 COLLATE NOCASE ORDER BY id, seq");
            list.Bind(1, child.Name).Bind(2, table.Name);
            foreach ((string _, string[] from, string[] to) in ReadKeys(list, catalog))
            {
                int[] order = [.. to.Select(name => Array.FindIndex(table.KeyColumns, column => AsciiNames.Same(name, column.Name)))];
                if (child.Columns.Length == 0 || order.Length != table.KeyColumns.Length || Array.Exists(order, place => place < 0))
                {
                    continue;
                }

                string condition = string.Join(" AND ", from.Select((name, i) => $"{Connection.Quote(name)} = ?{order[i] + 1}"));
                string keys = string.Join(", ", child.KeyColumns.Select(column => column.Quoted));
                children.Add((connection.Prepare($"SELECT {keys} FROM {child.Quoted} WHERE {condition} LIMIT 1"), child));
                orphans.Add(connection.Prepare($"SELECT 1 FROM {child.Quoted} WHERE {condition}"));
            }
        }
    }

    private bool Exists(NativeBytes row) => HasRow(read, row);

    private bool HasRow(Statement statement, NativeBytes row)
    {
        statement.Reset();
        bool has = KeyBinder.TryBind(statement, table, row) && statement.Step();
        statement.Reset();
        return has;
    }

    private static bool Has(Statement statement)
    {
        bool has = statement.Step();
        statement.Reset();
        return has;
    }

    /// <summary>Binds what a refused row would refer to; false where a part of it is NULL, or not known.</summary>
    private bool BindKey(Own reference, RowMerger row)
    {
        reference.Exists.Reset();
        try
        {
            for (int i = 0; i < reference.Columns.Length; i++)
            {
                if (!TryValue(row, reference.Columns[i], out WireValue value) || value.Kind == WireKind.Null)
                {
                    return false;
                }

                StoredValue.BindCopy(reference.Exists, i + 1, value);
            }

            return true;
        }
        finally
        {
            read.Reset();
        }
    }

    private void AppendValue(RowMerger row, string column)
    {
        try
        {
            TryValue(row, column, out WireValue value);
            found.Append(value);
        }
        finally
        {
            read.Reset();
        }
    }

    /// <summary>A column's value in a refused row; that of the stored row is valid until <see cref="read"/> is reset.</summary>
    private bool TryValue(RowMerger row, string column, out WireValue value)
    {
        int key = Array.FindIndex(table.KeyColumns, known => AsciiNames.Same(known.Name, column));
        if (key >= 0)
        {
            ValueReader reader = new(row.Key.Data + 1, row.Key.Length - 1);
            value = default;
            for (int i = 0; i <= key; i++)
            {
                reader.TryRead(out value);
            }

            return true;
        }

        int place = Array.FindIndex(table.ValueColumns, known => AsciiNames.Same(known.Name, column));
        if (place >= 0 && row.TryGetWon(place, out value))
        {
            return true;
        }

        read.Reset();
        value = default;
        bool isFound = KeyBinder.TryBind(read, table, row.Key) && read.Step();
        if (isFound)
        {
            value = StoredValue.Read(read, columns.FindIndex(name => name == column));
        }

        return isFound;
    }
}
