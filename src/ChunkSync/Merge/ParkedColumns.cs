using ChunkSync.Format;
using ChunkSync.Sqlite;

namespace ChunkSync.Merge;

/// <summary>The value columns of one row that hold placeholders, for which another row's value made room.</summary>
/// <param name="formers">Where the values are that were in them, encoded.</param>
internal sealed unsafe class ParkedColumns(NativeBuffer formers)
{
    private readonly List<(int Column, long Offset)> columns = [];

    /// <summary>Whether a column holds a placeholder: what is stored in it wins against nothing.</summary>
    public bool Has(int column)
    {
        foreach ((int parked, _) in columns)
        {
            if (parked == column)
            {
                return true;
            }
        }

        return false;
    }

    /// <summary>How many placeholders a column was given, one after the other.</summary>
    public int CountOf(int column)
    {
        int count = 0;
        foreach ((int parked, _) in columns)
        {
            count += parked == column ? 1 : 0;
        }

        return count;
    }

    /// <summary>What was in a column before its first placeholder; its bytes are valid until the next placeholder.</summary>
    /// <returns>False where it holds none, or nobody asked for what was in it.</returns>
    public bool TryGetFormer(int column, out WireValue value)
    {
        foreach ((int parked, long offset) in columns)
        {
            if (parked == column && offset >= 0)
            {
                return new ValueReader(formers.Data + offset, formers.Length - offset).TryRead(out value);
            }
        }

        value = default;
        return false;
    }

    /// <summary>A column holds a placeholder now.</summary>
    /// <param name="column">The column.</param>
    /// <param name="former">Where its value begins; negative where nobody asks for it.</param>
    public void Add(int column, long former) => columns.Add((column, former));
}
