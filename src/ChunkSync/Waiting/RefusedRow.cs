using ChunkSync.Merge;

namespace ChunkSync.Waiting;

/// <summary>A row that is to be arranged, or a further group of one.</summary>
internal unsafe struct RefusedRow
{
    /// <summary>The first change row; of a row that only waits, its table and key.</summary>
    public byte* Rows;

    /// <summary>The number of change rows; 0 for a row that only waits.</summary>
    public int Count;

    /// <summary>The row's next group; <see cref="RefusedRows.None"/> for none.</summary>
    public int Next;

    /// <summary>The row's last group.</summary>
    public int Last;

    /// <summary>SQLite's code at the last attempt; 0 where it is not known.</summary>
    public int Code;

    /// <summary>SQLite's message at that (<see cref="MergeCall.TextOf"/>).</summary>
    public byte Text;

    /// <summary>Whether it was tried since it came.</summary>
    public bool IsTried;

    /// <summary>Where the row stands.</summary>
    public RefusedState State;

    /// <summary>Whether this is a further group of a row.</summary>
    public bool IsFurther;

    /// <summary>In which attempt this group was written, by <see cref="RefusedRows.Attempt"/>; 0 while it is not.</summary>
    public int WrittenIn;

    /// <summary>Whether this group is written.</summary>
    public readonly bool IsWritten => WrittenIn != 0;

    /// <summary>The group.</summary>
    public readonly AsideGroup Group => new() { Rows = Rows, Count = Count };
}
