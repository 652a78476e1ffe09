using ChunkSync.Catalog;
using ChunkSync.Format;
using ChunkSync.Sqlite;

namespace ChunkSync.Keys;

/// <summary>Binds the values of a pk blob (format H) to parameters 1 … k of a statement, in the declaration order of the key
/// columns, which is the order of the blob.</summary>
internal static unsafe class KeyBinder
{
    private const int ShownBytes = 64;

    /// <summary>Binds the values without copying them: the blob stays in place while the statement is used.</summary>
    /// <exception cref="EngineException">The blob is malformed or has another number of values than the key.</exception>
    public static void Bind(Statement statement, TrackedTable table, NativeBytes key)
    {
        if (!TryBind(statement, table, key))
        {
            throw Errors.CorruptClock(table.ClockName, ": pk x'"
                + Convert.ToHexStringLower(key.Span[..Math.Min(key.Length, ShownBytes)])
                + $"' does not hold the {table.KeyColumns.Length} values of the key of {table.Name}");
        }
    }

    /// <summary>Like <see cref="Bind"/>; false for a blob that does not fit the table's key.</summary>
    public static bool TryBind(Statement statement, TrackedTable table, NativeBytes key)
    {
        int count = table.KeyColumns.Length;
        if (key.Length < 1 || key.Data[0] != count)
        {
            return false;
        }

        ValueReader reader = new(key.Data + 1, key.Length - 1);
        for (int i = 1; i <= count; i++)
        {
            if (!reader.TryRead(out WireValue value))
            {
                return false;
            }

            StoredValue.Bind(statement, i, value);
        }

        return reader.Remaining == 0;
    }
}
