using ChunkSync.Catalog;
using ChunkSync.Keys;
using ChunkSync.Sqlite;

namespace ChunkSync.Capture;

/// <summary>What the columns that an AFTER UPDATE trigger passes, one after the other, say of one row: first the key's, then the others, in
/// declaration order. Tables whose key is too long for one call pass the keys of inserted and deleted rows in the same way.</summary>
/// <param name="key">Gets the row's key.</param>
/// <param name="oldKey">Gets the key that it had before.</param>
internal sealed class UpdatedRow(KeyBuffer key, KeyBuffer oldKey)
{
    private bool[] changed = [];
    private int step;

    /// <summary>The row's table; null between two rows.</summary>
    public TrackedTable? Table { get; private set; }

    /// <summary>Whether the columns come from a call that no trigger made.</summary>
    public bool IsDirect { get; private set; }

    /// <summary>Whether the row was inserted, not updated.</summary>
    public bool IsInsert { get; private set; }

    /// <summary>Whether the row was deleted, not updated.</summary>
    public bool IsDelete { get; private set; }

    /// <summary>Whether the key has changed.</summary>
    public bool KeyChanged { get; private set; }

    /// <summary>Which value columns have changed: one entry per value column of the table, then whatever rows of wider tables left.</summary>
    public bool[] Changed => changed;

    /// <summary>The error for a trigger that calls for a table which is not there.</summary>
    public static EngineException TableGone(TrackedTable table, string function) => Errors.BadArgument(
        function,
        $"table {table.Name}, for which this trigger was made, is gone. If it was renamed: rename it back, or call"
        + $" SELECT cloudsync_cleanup('{table.Name}') and SELECT cloudsync_init with the new name");

    /// <summary>Begins a row.</summary>
    public void Begin(TrackedTable table, bool isDirect, Value newValue, Value oldValue)
    {
        Table = table;
        IsDirect = isDirect;
        int keys = table.KeyColumns.Length;
        if (changed.Length < table.ValueColumns.Length)
        {
            changed = new bool[table.ValueColumns.Length];
        }

        key.Begin(keys);
        oldKey.Begin(keys);
        KeyChanged = false;
        step = 0;
        bool wide = keys > TriggerSet.MaxKeyArguments;
        IsInsert = wide && oldValue.IsNull && !newValue.IsNull;
        IsDelete = wide && newValue.IsNull && !oldValue.IsNull;
    }

    /// <summary>Adds the row's next column.</summary>
    /// <exception cref="EngineException">There is no such column, or a key would be NULL.</exception>
    public void Add(TrackedTable table, Value newValue, Value oldValue)
    {
        int column = step++ - table.KeyColumns.Length;
        if (column >= table.ValueColumns.Length)
        {
            if (table.Columns.Length == 0)
            {
                throw TableGone(table, "cloudsync_update");
            }

            throw Errors.Refused($"cloudsync_update: table {table.Name} has {table.Columns.Length} columns,"
                + " its trigger passes more; alter tracked tables between cloudsync_begin_alter and cloudsync_commit_alter");
        }

        if (column >= 0 && !IsInsert && !IsDelete)
        {
            changed[column] = !table.ValueColumns[column].IsPlace && Differs(newValue, oldValue);
            return;
        }

        if (IsInsert || IsDelete)
        {
            AppendOneSide(table, IsInsert ? newValue : oldValue, IsInsert ? oldValue : newValue);
            return;
        }

        if (newValue.IsNull || oldValue.IsNull)
        {
            throw NullKey("Update", table);
        }

        KeyChanged |= Differs(newValue, oldValue);
        key.Append(newValue);
        oldKey.Append(oldValue);
    }

    /// <summary>Ends the row.</summary>
    /// <returns>How many value columns were passed.</returns>
    /// <exception cref="EngineException">Its key is not complete.</exception>
    public int End(TrackedTable table)
    {
        Table = null;
        int columns = step - table.KeyColumns.Length;
        return columns >= 0
            ? columns
            : throw Errors.Refused($"cloudsync_update: table {table.Name} has {table.KeyColumns.Length} key columns, {step} were given");
    }

    /// <summary>Forgets a row whose statement failed between its columns.</summary>
    public void Abandon() => Table = null;

    /// <summary>Whether the update touches what a guard watches.</summary>
    public bool Touches(ReplaceGuard guard)
    {
        bool touches = KeyChanged && guard.WatchesKey;
        for (int i = 0; i < guard.WatchedValues.Length && !touches; i++)
        {
            touches = changed[i] && guard.WatchedValues[i];
        }

        return touches;
    }

    /// <summary>What a key with a NULL is refused with.</summary>
    /// <param name="operation"><c>Insert</c>, <c>Update</c> or <c>Delete</c>.</param>
    /// <param name="table">The table.</param>
    public static EngineException NullKey(string operation, TrackedTable table) =>
        Errors.Refused($"{operation} aborted because primary key in table {table.Name} contains NULL values.");

    /// <summary>A key column of an inserted or deleted row. Where the other side has a value, too, or columns follow, it is an update of a
    /// key's first column to or from NULL.</summary>
    private void AppendOneSide(TrackedTable table, Value value, Value other)
    {
        if (!other.IsNull || step > table.KeyColumns.Length)
        {
            throw NullKey("Update", table);
        }

        key.Append(value.IsNull ? throw NullKey(IsInsert ? "Insert" : "Delete", table) : value);
    }

    /// <summary>Whether two values differ: in storage class, or in value by all of their bytes.</summary>
    private static bool Differs(Value left, Value right)
    {
        int type = left.Type;
        if (type != right.Type)
        {
            return true;
        }

        return type switch
        {
            StorageClass.Integer => left.Int64 != right.Int64,
            // By bits: -0.0 equals 0.0 but is another value.
            StorageClass.Real => BitConverter.DoubleToInt64Bits(left.Double) != BitConverter.DoubleToInt64Bits(right.Double),
            StorageClass.Text => !left.Text.SequenceEqual(right.Text),
            StorageClass.Blob => !left.Blob.SequenceEqual(right.Blob),
            _ => false,
        };
    }
}
