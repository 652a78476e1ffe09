namespace ChunkSync.Sqlite;

/// <summary>What parameters of a statement hold, for those whose values are often the same from row to row: a comparison instead of a call.
/// Forgotten whenever SQLite drops what is bound. Nothing else binds these parameters.</summary>
internal sealed class HeldNumbers(Statement statement)
{
    private long?[] numbers = [];
    private int unbound;

    /// <summary>Binds a number unless the parameter has it.</summary>
    /// <param name="index">The parameter, from 1.</param>
    /// <param name="value">The number.</param>
    public void Bind(int index, long value)
    {
        if (!Has(index, value))
        {
            statement.Bind(index, value);
        }
    }

    /// <summary>Whether a parameter still has the value that it got when this was asked with the same number last; where it has not, the caller binds
    /// it now.</summary>
    /// <param name="index">The parameter, from 1.</param>
    /// <param name="number">What the caller knows the value by.</param>
    public bool Has(int index, long number)
    {
        // Prepares it where it is not.
        _ = statement.Handle;
        if (unbound != statement.Unbound)
        {
            unbound = statement.Unbound;
            Array.Clear(numbers);
        }

        if (numbers.Length <= index)
        {
            Array.Resize(ref numbers, Math.Max(2 * numbers.Length, index + 1));
        }

        bool has = numbers[index] == number;
        numbers[index] = number;
        return has;
    }
}
