using ChunkSync.Sqlite;

namespace ChunkSync.Backfill;

/// <summary>Key values of one row, or the first of them: copies in SQLite's memory, as they came from the index. They go back as bound
/// parameters without a change of class or bytes.</summary>
internal sealed unsafe class KeyTuple : IDisposable
{
    private readonly nint[] values;

    private KeyTuple(int length) => values = new nint[length];

    /// <summary>The number of values.</summary>
    public int Length => values.Length;

    /// <summary>A value, valid as long as the tuple.</summary>
    public Value this[int column] => new(values[column]);

    /// <summary>Copies columns of the row that a statement is on.</summary>
    /// <param name="row">The statement.</param>
    /// <param name="length">How many.</param>
    /// <param name="first">The first of them, from 0.</param>
    public static KeyTuple Of(Statement row, int length, int first = 0)
    {
        KeyTuple tuple = new(length);
        for (int i = 0; i < length; i++)
        {
            tuple.Set(i, row.ColumnValue(first + i));
        }

        return tuple;
    }

    /// <summary>Copies the first values, and another one behind them where it is given.</summary>
    public KeyTuple Take(int length, Value? last = null)
    {
        KeyTuple tuple = new(last == null ? length : length + 1);
        for (int i = 0; i < length; i++)
        {
            tuple.Set(i, this[i]);
        }

        if (last != null)
        {
            tuple.Set(length, last.Value);
        }

        return tuple;
    }

    public void Dispose()
    {
        for (int i = 0; i < values.Length; i++)
        {
            nint value = values[i];
            values[i] = 0;
            if (value != 0)
            {
                Sqlite3.Api->value_free(value);
            }
        }
    }

    private void Set(int column, Value value)
    {
        values[column] = Sqlite3.Api->value_dup(value.Handle);
        if (values[column] == 0)
        {
            Dispose();
            throw Sqlite3.OutOfMemory();
        }
    }
}
