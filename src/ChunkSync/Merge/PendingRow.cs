using ChunkSync.Format;

namespace ChunkSync.Merge;

/// <summary>What won for one row and is not written yet: column values with their clocks, and the row's sentinel.</summary>
/// <param name="count">The number of value columns.</param>
internal sealed class PendingRow(int count)
{
    private readonly bool[] isSet = new bool[count];
    private readonly ClockEntry[] clocks = new ClockEntry[count];
    private readonly ClockEntry[] entries = new ClockEntry[count + 1];
    private readonly int[] columns = new int[count];
    private int columnCount;
    private ClockEntry? sentinel;

    /// <summary>The values by column; those of columns that did not win are left over from other rows.</summary>
    public WireValue[] Values { get; } = new WireValue[count];

    /// <summary>Whether there is nothing to write.</summary>
    public bool IsEmpty => columnCount == 0 && sentinel == null;

    /// <summary>Whether the base row is to be made, even without columns: a new life begins.</summary>
    public bool MakesRow => sentinel != null;

    /// <summary>Whether the stored clocks belong to an earlier life and lose their versions.</summary>
    public bool ResetsClocks { get; private set; }

    /// <summary>Whether a value of this column won.</summary>
    public bool Has(int column) => isSet[column];

    /// <summary>The value of a column, if it won.</summary>
    public bool TryGet(int column, out WireValue value)
    {
        value = isSet[column] ? Values[column] : default;
        return isSet[column];
    }

    /// <summary>The clock of a column that won.</summary>
    public ClockEntry Clock(int column) => clocks[column];

    /// <summary>A value won.</summary>
    public void Set(int column, in WireValue value, in ClockEntry clock)
    {
        if (!isSet[column])
        {
            isSet[column] = true;
            columnCount++;
        }

        Values[column] = value;
        clocks[column] = clock;
    }

    /// <summary>A new life of the row won.</summary>
    /// <param name="entry">Its sentinel.</param>
    /// <param name="hasClocks">Whether clocks of an earlier life are stored.</param>
    public void Begin(in ClockEntry entry, bool hasClocks)
    {
        sentinel = entry;
        ResetsClocks |= hasClocks;
    }

    /// <summary>The columns that won, ascending, and the clock rows to write: the sentinel first.</summary>
    public void Gather(out ReadOnlySpan<int> wonColumns, out ReadOnlySpan<ClockEntry> clockRows)
    {
        int found = 0;
        int rows = 0;
        if (sentinel is ClockEntry first)
        {
            entries[rows++] = first;
        }

        for (int i = 0; i < isSet.Length && found < columnCount; i++)
        {
            if (isSet[i])
            {
                columns[found++] = i;
                entries[rows++] = clocks[i];
            }
        }

        Check.That(found == columnCount);
        wonColumns = columns.AsSpan(0, found);
        clockRows = entries.AsSpan(0, rows);
    }

    /// <summary>Forgets everything: it was written, or the row failed.</summary>
    public void Clear()
    {
        if (columnCount > 0)
        {
            Array.Clear(isSet);
        }

        columnCount = 0;
        sentinel = null;
        ResetsClocks = false;
    }
}
