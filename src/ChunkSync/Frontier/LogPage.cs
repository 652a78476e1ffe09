using ChunkSync.Format;
using ChunkSync.Sqlite;

namespace ChunkSync.Frontier;

/// <summary>Rows of the log, or operations, in native memory.</summary>
internal sealed unsafe class LogPage : IDisposable
{
    private readonly NativeBuffer rows = new();

    /// <summary>How many rows there are.</summary>
    public int Count => (int)(rows.Length / sizeof(LogRow));

    /// <summary>One of them; valid until the next one is added.</summary>
    public ref LogRow this[int index]
    {
        get
        {
            Check.That(index >= 0 && index < Count);
            return ref ((LogRow*)rows.Data)[index];
        }
    }

    /// <summary>Adds a row.</summary>
    public void Add(in LogRow row)
    {
        *(LogRow*)rows.Reserve(sizeof(LogRow)) = row;
        rows.Commit(sizeof(LogRow));
    }

    /// <summary>Forgets the last rows, as far as they have a stamp.</summary>
    public void TruncateBefore(in OperationStamp stamp)
    {
        while (Count > 0 && this[Count - 1].Operation.Stamp == stamp)
        {
            rows.Truncate(rows.Length - sizeof(LogRow));
        }
    }

    /// <summary>Takes the rows' positions along when a pool is compacted.</summary>
    public void MovePositions(PositionPool positions)
    {
        for (int i = 0; i < Count; i++)
        {
            LogRow row = this[i];
            TreeOperation operation = row.Operation;
            operation = operation with { Place = operation.Place with { Position = positions.Move(operation.Place.Position) } };
            this[i] = row with { Operation = operation, Undo = row.Undo with { Position = positions.Move(row.Undo.Position) } };
        }
    }

    /// <summary>Forgets all of them and keeps the memory.</summary>
    public void Clear() => rows.Clear();

    public void Dispose() => rows.Dispose();
}
