using System.Globalization;
using System.Text;
using ChunkSync.Catalog;
using ChunkSync.Format;
using ChunkSync.Keys;
using ChunkSync.Sqlite;

namespace ChunkSync.Backfill;

/// <summary>The order in which a table is filled, its primary key, and what looks for the rows that are still to come. Where the fill is, is
/// read from its state each time: another connection may have moved it, and a rollback may have taken it back.</summary>
internal sealed unsafe class FillTable : IDisposable
{
    private readonly Connection connection;
    private readonly TrackedTable table;
    private readonly PlanStatements statements;
    private readonly Statement? position;
    private readonly Statement hasClock;
    private readonly Statement isBehind;
    private readonly Statement stored;
    private readonly int ownColumns;
    private readonly byte[] shape;

    /// <summary>The position that <see cref="cut"/> was read from.</summary>
    private byte[] known = [];
    private Cut? cut;

    public FillTable(Connection connection, TableKeys keys, TrackedTable table, bool hasState)
    {
        this.connection = connection;
        this.table = table;
        statements = new PlanStatements(connection);
        Key = Order(connection, table.Name, statements);
        Search = new KeySearch(connection, Key, statements);
        Writer = new PredicateWriter(Key, Search);
        ownColumns = Key.Columns.Count(column => !column.IsTieBreak);
        Shape = ShapeOf(table, Key);
        shape = Encoding.ASCII.GetBytes(Shape);
        position = !hasState ? null : connection.Prepare(
            $"SELECT position, shape FROM {FillStates.QualifiedName} WHERE tbl = ?1 AND state = '{FillState.Filling}'");
        hasClock = connection.Prepare($"SELECT 1 FROM {table.QuotedClock} WHERE pk = ?1 LIMIT 1");
        isBehind = connection.Prepare("SELECT " + Behind(0));
        string inside = table.Filter == null ? "" : $" AND ({table.Filter}\n)";
        stored = connection.Prepare($"SELECT {KeyList} FROM {table.Quoted} WHERE {string.Join(" AND ", keys.Rules(table).Conditions)}{inside}");
    }

    /// <summary>The order.</summary>
    public PlanKey Key { get; }

    /// <summary>Seeks along it.</summary>
    public KeySearch Search { get; }

    /// <summary>Writes its ranges.</summary>
    public PredicateWriter Writer { get; }

    /// <summary>Its statements by their text.</summary>
    public PlanStatements Statements => statements;

    /// <summary>The key's columns in declaration order, for SELECT.</summary>
    public string KeyList => string.Join(", ", table.KeyColumns.Select(column => column.Quoted));

    /// <summary>Columns and order in 16 hex digits: with others every row is to be looked at again.</summary>
    public string Shape { get; }

    /// <summary>Reads a position; null for one of another order, or that is none: the fill begins at the first row then.</summary>
    public Cut? Read(FillState? state) => state?.Position == null || state.Shape != Shape ? null : CutFormat.TryRead(state.Position, Key, connection);

    /// <summary>The place behind the row that a statement is on.</summary>
    /// <param name="row">The row.</param>
    /// <param name="first">Where the order's columns begin.</param>
    public Cut After(Statement row, int first)
    {
        // The tie-break is needed only where rows with NULL are equal by the rest.
        bool hasNull = Enumerable.Range(first, ownColumns).Any(row.IsNull);
        return new Cut(KeyTuple.Of(row, hasNull ? Key.Columns.Count : ownColumns, first), isAfter: true);
    }

    /// <summary>The key of a position as a JSON array.</summary>
    public string Json(Cut position)
    {
        StringBuilder text = new("[");
        for (int i = 0; i < Math.Min(position.Length, ownColumns); i++)
        {
            text.Append(i > 0 ? "," : "");
            ValueText.AppendJson(text, position.Values[i], Key.Encoding);
        }

        return text.Append(']').ToString();
    }

    /// <summary>Whether the row of a key has no clocks yet and is still to come.</summary>
    public bool IsPending(KeyBuffer key)
    {
        hasClock.BindStaticBlob(1, key.Data, key.Length);
        bool has = hasClock.Step();
        hasClock.Reset();
        return !has && IsAhead(key);
    }

    /// <summary>Finds the row that a key stands for, inside the table's filter.</summary>
    /// <param name="key">The blob, which may fit nothing.</param>
    /// <param name="found">Gets the key as it is stored.</param>
    public bool TryFind(ReadOnlySpan<byte> key, KeyBuffer found)
    {
        bool isThere = false;
        fixed (byte* bytes = key)
        {
            if (KeyBinder.TryBind(stored, table, new NativeBytes(bytes, key.Length)))
            {
                isThere = stored.Step() && found.TryRead(stored, table.KeyColumns.Length);
                stored.Reset();
            }

            stored.ClearBindings();
        }

        return isThere;
    }

    public void Dispose()
    {
        position?.Dispose();
        hasClock.Dispose();
        isBehind.Dispose();
        stored.Dispose();
        statements.Dispose();
        cut?.Dispose();
        cut = null;
    }

    private static PlanKey Order(Connection connection, string table, PlanStatements statements)
    {
        PlanKey storage = PlanKey.Read(connection, "main", table, null, statements);
        using Statement index = connection.Prepare("SELECT name FROM pragma_index_list(?1, 'main') WHERE origin = 'pk'");
        return storage.RowId != null && index.Bind(1, table).Step()
            ? PlanKey.Read(connection, "main", table, index.String(0), statements)
            : storage;
    }

    private static string ShapeOf(TrackedTable table, PlanKey key)
    {
        Fnv1a64 hash = new(Fnv1a64.OffsetBasis);
        TableFacts.AddText(ref hash, TableMarks.Fingerprint(table));
        foreach (KeyColumn column in key.Columns)
        {
            TableFacts.AddText(ref hash, column.Sql);
            TableFacts.AddText(ref hash, column.Collation);
            hash.Add(column.IsDescending ? 1L : 0L);
        }

        return hash.Value.ToString("x16", CultureInfo.InvariantCulture);
    }

    /// <summary>Whether a key that is not NULL anywhere lies behind the position, as SQLite orders values that have left their columns. The
    /// key's values are bound in declaration order, the position's behind them in that of the index.</summary>
    private string Behind(int place)
    {
        KeyColumn column = Key.Columns[place];
        int declared = Array.FindIndex(table.KeyColumns, own => AsciiNames.Same(own.Name, column.Name));
        string value = "?" + (Math.Max(declared, 0) + 1);
        string limit = "?" + (table.KeyColumns.Length + place + 1);
        string collate = " COLLATE " + Connection.Quote(column.Collation);
        string behind = column.IsDescending ? $"({value} < {limit}{collate}) IS TRUE" : $"{limit} IS NULL OR {value} > {limit}{collate}";
        return place + 1 == ownColumns ? $"({behind})" : $"({behind} OR ({value} IS {limit}{collate} AND {Behind(place + 1)}))";
    }

    private bool IsAhead(KeyBuffer key)
    {
        if (Position() is not Cut place)
        {
            return true;
        }

        for (int i = 0; i < ownColumns; i++)
        {
            isBehind.Bind(table.KeyColumns.Length + i + 1, place.Values[i]);
        }

        KeyBinder.Bind(isBehind, table, key.Native);
        bool ahead = isBehind.Step() && isBehind.Int64(0) != 0;
        isBehind.Reset();
        isBehind.ClearBindings();
        return ahead;
    }

    private Cut? Position()
    {
        if (position == null)
        {
            return null;
        }

        position.BindText(1, table.NameUtf8);
        bool isThere = position.Step() && !position.IsNull(0) && position.Text(1).SequenceEqual(shape);
        if (!isThere)
        {
            position.Reset();
            return null;
        }

        ReadOnlySpan<byte> now = position.Blob(0);
        if (cut == null || !now.SequenceEqual(known))
        {
            known = now.ToArray();
            cut?.Dispose();
            cut = CutFormat.TryRead(known, Key, connection);
        }

        position.Reset();
        return cut == null || cut.Length < ownColumns ? null : cut;
    }
}
