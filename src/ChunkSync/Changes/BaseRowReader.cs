using ChunkSync.Catalog;
using ChunkSync.Format;
using ChunkSync.Keys;
using ChunkSync.Session;
using ChunkSync.Sqlite;

namespace ChunkSync.Changes;

/// <summary>Reads values of a tracked table's rows by pk blob: all columns of a row, and the row's causal length, with one seek.
/// A row with a value over the in-memory bound is read column by column, its long values in pieces.</summary>
/// <remarks>The key that is bound to the statements lies in memory of the reader's own.</remarks>
internal sealed unsafe class BaseRowReader : IDisposable
{
    private const int FirstKeyCapacity = 256;

    private enum Mode
    {
        Missing,

        /// <summary>Statement <see cref="together"/> stands on the row: column i + 1 is value column i.</summary>
        Together,

        /// <summary>One statement of <see cref="single"/> stands on the row, with its one column.</summary>
        Single,

        /// <summary>Statement <see cref="types"/> stands on the row: the type of each value.</summary>
        Oversized,

        /// <summary><see cref="walk"/> stands on the row.</summary>
        Walking,
    }

    private readonly SyncSession session;
    private readonly TableKeys keys;
    private readonly TrackedTable table;
    private readonly Statement together;
    private readonly Statement?[] single;
    private readonly Statement types;
    private readonly Statement? blocks;
    private readonly LargeValueReader? large;
    private readonly RowWalk? walk;
    private readonly SentinelWindow sentinels;
    private readonly RowStep step;
    private readonly int togetherLimit;
    private Mode mode;
    private Statement? open;
    private int openColumn;
    private bool largeIsOpen;

    /// <summary>Whether the last row that did not start with its first column was a run of columns all the same, and how many of the open row's
    /// have been read; -1 for a row that starts with its first.</summary>
    private bool lastWasRun;
    private int reads = -1;

    /// <summary>In <see cref="Mode.Oversized"/>: the statement that holds the value last read; null when none does.</summary>
    private Statement? oversizedOpen;
    private byte* key;
    private int keyLength = -1;
    private int keyCapacity;

    public BaseRowReader(SyncSession session, TableKeys keys, LargeValueCache cache, TrackedTable table)
    {
        this.session = session;
        this.keys = keys;
        this.table = table;
        int columns = table.ValueColumns.Length;
        togetherLimit = RowBudget.MaxValue(columns);
        together = Prepare(Select(string.Concat(table.ValueColumns.Select(column => ", " + column.Quoted))));
        single = new Statement?[columns];
        types = Prepare(Select(
            ", " + (table.RowIdName ?? "NULL") + string.Concat(table.ValueColumns.Select(column => ", typeof(" + column.Quoted + ")"))));
        if (table.HasBlocks)
        {
            blocks = Prepare($"SELECT col_value FROM {table.QuotedBlocks} WHERE pk = ?1 AND col_name = ?2");
        }

        walk = table.RowIdName == null ? null : new RowWalk(session, keys, table);
        sentinels = new SentinelWindow(session, table);
        step = StepBounded;
        large = table.RowIdName == null ? null : new LargeValueReader(session.Connection, cache, table.Name);
    }

    /// <summary>The causal length of the row that <see cref="Find"/> found: the sentinel's col_version, or 1.</summary>
    public long CausalLength { get; private set; }

    /// <summary>Goes to the row of a pk blob; false when there is no such row. The row stays readable until the next call.</summary>
    /// <param name="pk">The pk blob.</param>
    /// <param name="length">Its length.</param>
    /// <param name="firstColumn">The value column that is wanted first: a row that starts with its first column is taken for a
    /// whole row and read together, one that starts elsewhere for what the last such row was.</param>
    public bool Find(byte* pk, int length, int firstColumn)
    {
        if (length == keyLength && new ReadOnlySpan<byte>(pk, length).SequenceEqual(new ReadOnlySpan<byte>(key, length)))
        {
            return mode != Mode.Missing;
        }

        lastWasRun = reads < 0 ? lastWasRun : reads > 1;
        Leave();
        RememberKey(pk, length);
        reads = firstColumn == 0 ? -1 : 0;
        if (walk != null && walk.TryFind(new NativeBytes(key, keyLength), step))
        {
            mode = Mode.Walking;
            CausalLength = sentinels.CausalLength(new NativeBytes(key, keyLength));
            return true;
        }

        bool found = firstColumn == 0 || lastWasRun ? OpenTogether() : OpenSingle(firstColumn);
        if (!found && mode != Mode.Oversized)
        {
            mode = Mode.Missing;
            return false;
        }

        if (mode == Mode.Missing)
        {
            return false;
        }

        CausalLength = ReadCausalLength(open!);
        return true;
    }

    /// <summary>Reads a column of the row that <see cref="Find"/> found; the value is valid until the next call.</summary>
    public void Value(int column, out WireValue value)
    {
        largeIsOpen = false;
        reads = reads < 0 ? reads : reads + 1;
        if (mode == Mode.Single && column != openColumn)
        {
            // A second column of the same row: it is a run of columns after all.
            Close();
            OpenTogether();
        }

        value = mode switch
        {
            Mode.Together => StoredValue.Read(together, column + 1),
            Mode.Single => StoredValue.Read(open!, 1),
            Mode.Walking => StoredValue.Read(walk!.Row, table.KeyColumns.Length + column),
            _ => OversizedValue(column),
        };
    }

    /// <summary>Sets the value to that of a block (behaviour E.9); a block without a stored value is NULL.</summary>
    public bool BlockValue(ReadOnlySpan<byte> blockName, ref WireValue value)
    {
        if (blocks == null)
        {
            return false;
        }

        blocks.Reset();
        blocks.BindStaticBlob(1, key, keyLength).BindText(2, blockName);
        value = blocks.Step() ? StoredValue.Read(blocks, 0) : default;
        return true;
    }

    /// <summary>Copies bytes of a value that is not in memory.</summary>
    public void ReadData(long offset, byte* target, int length) => large!.Read(offset, target, length);

    /// <inheritdoc cref="IChangeSource.TryRecallChecksum"/>
    public bool TryRecallChecksum(out ulong checksum)
    {
        checksum = 0;
        return largeIsOpen && large!.TryRecallChecksum(out checksum);
    }

    /// <inheritdoc cref="IChangeSource.RememberChecksum"/>
    public void RememberChecksum(ulong checksum)
    {
        if (largeIsOpen)
        {
            large!.RememberChecksum(checksum);
        }
    }

    /// <summary>Leaves the row: nothing stays remembered, and of statements only the two that walk along stay open.</summary>
    public void Leave()
    {
        Close();
        blocks?.Reset();
        keyLength = -1;
        mode = Mode.Missing;
    }

    /// <summary>The same, and the walks end.</summary>
    public void LeaveAll()
    {
        Leave();
        walk?.End();
        sentinels.Finish();
    }

    /// <summary>Closes what a scan keeps open between rows.</summary>
    public void EndScan()
    {
        LeaveAll();
        reads = -1;
        lastWasRun = false;
        large?.Close();
    }

    public void Dispose()
    {
        EndScan();
        together.Dispose();
        walk?.Dispose();
        sentinels.Dispose();
        types.Dispose();
        blocks?.Dispose();
        foreach (Statement? statement in single)
        {
            statement?.Dispose();
        }

        Sqlite3.Free(key);
        key = null;
    }

    /// <summary>The SELECT of one row by key: the sentinel's col_version, then what is asked for. Parameter k + 1 is the pk blob,
    /// 1 … k are its values.</summary>
    private string Select(string columns)
    {
        string condition = string.Join(" AND ", keys.Rules(table).Conditions);
        return $"SELECT (SELECT col_version FROM {table.QuotedClock} WHERE pk = ?{table.KeyColumns.Length + 1}"
            + $" AND col_name = '{SentinelColumn.Name}'){columns} FROM {table.Quoted} WHERE {condition}";
    }

    private bool OpenTogether() => OpenBounded(together, Mode.Together, 0);

    private bool OpenSingle(int column)
    {
        Statement statement = single[column]
            ??= Prepare(Select(", " + table.ValueColumns[column].Quoted));
        return OpenBounded(statement, Mode.Single, column);
    }

    /// <summary>Steps to the row while SQLite refuses values over the bound; a refusal makes the row a careful one.</summary>
    private bool OpenBounded(Statement statement, Mode success, int column)
    {
        BindKey(statement);
        int code = StepBounded(statement);
        if (code == ResultCode.Row)
        {
            mode = success;
            open = statement;
            openColumn = column;
            return true;
        }

        if (ResultCode.Primary(code) == ResultCode.TooBig)
        {
            statement.Reset();
            return OpenOversized();
        }

        if (code != ResultCode.Done)
        {
            EngineException failure = statement.Failure(code);
            statement.Reset();
            throw failure;
        }

        statement.Reset();
        mode = Mode.Missing;
        return false;
    }

    private int StepBounded(Statement statement) => session.Connection.StepBounded(statement, togetherLimit);

    private bool OpenOversized()
    {
        BindKey(types);
        if (!types.Step())
        {
            types.Reset();
            mode = Mode.Missing;
            return false;
        }

        mode = Mode.Oversized;
        open = types;
        return true;
    }

    private WireValue OversizedValue(int column)
    {
        // The value before may be as long as this one: one of them is in memory, never both.
        oversizedOpen?.Reset();
        oversizedOpen = null;
        byte first = types.Text(column + 2)[0];
        if (first == (byte)'n')
        {
            return default;
        }

        // 't'ext in a UTF-16 database must be converted as a whole; so must everything in a table without a rowid.
        bool pieces = large != null && (first == (byte)'b' || (first == (byte)'t' && session.IsUtf8));
        if (pieces && large!.TryOpen(table.ValueColumns[column].Name, types.Int64(1)))
        {
            largeIsOpen = true;
            return new WireValue { Kind = first == (byte)'b' ? WireKind.Blob : WireKind.Text, Length = large.Length };
        }

        Statement statement = single[column]
            ??= Prepare(Select(", " + table.ValueColumns[column].Quoted));
        statement.Reset();
        BindKey(statement);
        if (!statement.Step())
        {
            statement.Reset();
            throw Errors.Corrupt($"a row of {table.Name} vanished while it was read");
        }

        openColumn = column;
        oversizedOpen = statement;
        return StoredValue.Read(statement, 1);
    }

    private long ReadCausalLength(Statement statement) => statement.Type(0) switch
    {
        StorageClass.Null => 1,
        StorageClass.Integer => statement.Int64(0),
        _ => throw Errors.CorruptClock(table.ClockName, ": the sentinel's col_version of key"
                + $" {KeyText.Describe(new NativeBytes(key, keyLength))} is {statement.String(0)}, which is not an integer"),
    };

    /// <summary>Binds the values of the remembered pk blob, then the blob itself.</summary>
    private void BindKey(Statement statement)
    {
        KeyBinder.Bind(statement, table, new NativeBytes(key, keyLength));
        statement.BindStaticBlob(table.KeyColumns.Length + 1, key, keyLength);
    }

    private void RememberKey(byte* pk, int length)
    {
        if (length > keyCapacity)
        {
            int capacity = (int)Math.Clamp(2L * length, FirstKeyCapacity, Array.MaxLength);
            byte* grown = Sqlite3.Allocate(capacity);
            session.Connection.ClearLastingBindings();
            Sqlite3.Free(key);
            key = grown;
            keyCapacity = capacity;
        }

        Buffer.MemoryCopy(pk, key, keyCapacity, length);
        keyLength = length;
    }

    private Statement Prepare(string sql) => session.Connection.Prepare(sql, lastingBindings: true);

    private void Close()
    {
        open?.Reset();
        open = null;
        oversizedOpen?.Reset();
        oversizedOpen = null;
        largeIsOpen = false;
    }
}
