using ChunkSync.Catalog;
using ChunkSync.Format;
using ChunkSync.Keys;
using ChunkSync.Sqlite;

namespace ChunkSync.Merge;

/// <summary>Reads stored values of one row, which changes with an equal col_version are compared with. Where the row before was compared in more
/// than one column, so mostly is this one: with the second column all of them are read by one look-up.</summary>
/// <remarks>Rows with a value over the bound are read column by column: what is not asked for is not loaded.</remarks>
internal sealed unsafe class StoredRow : IDisposable
{
    private readonly Connection connection;
    private readonly TrackedTable table;
    private readonly Statement together;
    private readonly Statement?[] single;
    private readonly string condition;
    private readonly int togetherLimit;
    private bool isOpen;

    /// <summary>Whether the row cannot be read at once: it is not there, or has a long value.</summary>
    private bool isApart;

    /// <summary>Values that were read of this row, and whether more than one was of the row before.</summary>
    private int reads;
    private bool wasRun;

    /// <param name="connection">The connection.</param>
    /// <param name="rules">How the table's keys are compared.</param>
    /// <param name="table">The table.</param>
    public StoredRow(Connection connection, KeyRules rules, TrackedTable table)
    {
        this.connection = connection;
        this.table = table;
        condition = string.Join(" AND ", rules.Conditions);
        single = new Statement?[table.ValueColumns.Length];
        togetherLimit = RowBudget.MaxValue(single.Length);
        string columns = single.Length == 0 ? "NULL" : string.Join(", ", table.ValueColumns.Select(column => column.Quoted));
        together = connection.Prepare($"SELECT {columns} FROM {table.Quoted} WHERE {condition}");
    }

    /// <summary>The stored value of a column; NULL when there is no row. The value is valid until <see cref="Release"/>.</summary>
    /// <param name="key">The row's pk blob: the same one until <see cref="End"/>.</param>
    /// <param name="column">The value column.</param>
    public WireValue Read(NativeBytes key, int column)
    {
        reads++;
        if (!isOpen && !isApart && (wasRun || reads > 1))
        {
            Open(key);
        }

        return isOpen ? StoredValue.Read(together, column) : ReadSingle(key, column);
    }

    /// <summary>Ends the reading of a value.</summary>
    public void Release(int column) => single[column]?.Reset();

    /// <summary>Ends the reading of a row: it is about to be written, or another one follows.</summary>
    public void End()
    {
        if (reads == 0)
        {
            return;
        }

        if (isOpen)
        {
            together.Reset();
        }

        wasRun = reads > 1;
        isOpen = false;
        isApart = false;
        reads = 0;
    }

    public void Dispose()
    {
        together.Dispose();
        foreach (Statement? statement in single)
        {
            statement?.Dispose();
        }
    }

    private WireValue ReadSingle(NativeBytes key, int column)
    {
        Statement statement = single[column] ??= connection.Prepare($"SELECT {table.ValueColumns[column].Quoted} FROM {table.Quoted} WHERE {condition}");
        statement.Reset();
        KeyBinder.Bind(statement, table, key);
        return statement.Step() ? StoredValue.Read(statement, 0) : default;
    }

    private void Open(NativeBytes key)
    {
        KeyBinder.Bind(together, table, key);
        int code = connection.StepBounded(together, togetherLimit);
        isOpen = code == ResultCode.Row;
        isApart = !isOpen;
        if (isOpen)
        {
            return;
        }

        EngineException? failure = code == ResultCode.Done || ResultCode.Primary(code) == ResultCode.TooBig ? null : together.Failure(code);
        together.Reset();
        if (failure != null)
        {
            throw failure;
        }
    }
}
