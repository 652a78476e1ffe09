using ChunkSync.Catalog;
using ChunkSync.Sqlite;

namespace ChunkSync.Capture;

/// <summary>What was noted before rows are written, until they are: for each row its key, and the keys of the rows that it may remove. A row
/// that is written by a trigger while another one is waiting lies above that one. A row that is not written after all (OR IGNORE, UPSERT)
/// is left lying; it is dropped with the one below it, or when it is old.</summary>
/// <remarks>Native memory, reused; nothing is allocated per row.</remarks>
internal sealed unsafe class NoteStack : IDisposable
{
    private const int MaxRows = 1000;
    private const long MaxBytes = 1 << 20;

    /// <summary>The length in front of each key.</summary>
    private const int Head = sizeof(int);

    private struct Row
    {
        public TrackedTable Table;
        public long Start;

        /// <summary>Behind the row's own keys.</summary>
        public long Notes;
        public bool IsKeyKnown;

        /// <summary>Whether the key that it had lies behind the one that it will have.</summary>
        public bool HasOldKey;

        /// <summary>Whether it waits no more, and is itself what another row may remove.</summary>
        public bool IsWritten;
    }

    private Row[] rows = new Row[8];
    private readonly NativeBuffer notes = new();

    /// <summary>The number of rows that wait.</summary>
    public int Count { get; private set; }

    /// <summary>Begins a row. What is added behind it belongs to it.</summary>
    /// <param name="table">Its table.</param>
    /// <param name="key">Its key.</param>
    /// <param name="isKeyKnown">False when SQLite chooses a part of the key only now: a rowid, or the default of a column.</param>
    public void Push(TrackedTable table, ReadOnlySpan<byte> key, bool isKeyKnown)
    {
        while (Count == MaxRows || (notes.Length > MaxBytes && Count > 1))
        {
            DropOlderHalf();
        }

        if (Count == rows.Length)
        {
            Array.Resize(ref rows, 2 * Count);
        }

        rows[Count++] = new Row { Table = table, Start = notes.Length, IsKeyKnown = isKeyKnown };
        Add(key);
        rows[Count - 1].Notes = notes.Length;
    }

    /// <summary>Adds a row that was written while others wait, which may remove it.</summary>
    public void PushWritten(TrackedTable table, ReadOnlySpan<byte> key)
    {
        Push(table, default, isKeyKnown: false);
        rows[Count - 1].IsWritten = true;
        Add(key);
    }

    /// <summary>Says which key the newest row has had: it goes, and nobody removes it. Before anything is added.</summary>
    public void SetOldKey(ReadOnlySpan<byte> key)
    {
        Add(key);
        rows[Count - 1].Notes = notes.Length;
        rows[Count - 1].HasOldKey = true;
    }

    /// <summary>Adds the key of a row that the newest row may remove.</summary>
    public void Add(ReadOnlySpan<byte> key)
    {
        byte* target = notes.Reserve(Head + key.Length);
        *(int*)target = key.Length;
        key.CopyTo(new Span<byte>(target + Head, key.Length));
        notes.Commit(Head + key.Length);
    }

    /// <summary>Whether anything was added to the newest row.</summary>
    public bool HasNotes => Count > 0 && notes.Length > rows[Count - 1].Notes;

    /// <summary>Takes back the newest row.</summary>
    public void Pop() => PopFrom(Count - 1);

    /// <summary>The row that was written: the newest one with that key, or else the newest one whose key was not known; -1 when there is
    /// none.</summary>
    public int Find(TrackedTable table, ReadOnlySpan<byte> key)
    {
        int unknown = -1;
        for (int i = Count - 1; i >= 0; i--)
        {
            if (rows[i].Table != table || rows[i].IsWritten)
            {
                continue;
            }

            if (rows[i].IsKeyKnown && At(rows[i].Start, out _).SequenceEqual(key))
            {
                return i;
            }

            unknown = unknown < 0 && !rows[i].IsKeyKnown ? i : unknown;
        }

        return unknown;
    }

    /// <summary>Whether a row of a table waits.</summary>
    public bool IsWaitedFor(TrackedTable table)
    {
        for (int i = Count - 1; i >= 0; i--)
        {
            if (rows[i].Table == table && !rows[i].IsWritten)
            {
                return true;
            }
        }

        return false;
    }

    /// <summary>Whether a row is one of <see cref="PushWritten"/>.</summary>
    public bool IsWritten(int row) => rows[row].IsWritten;

    /// <summary>Reads the keys that were added to a row and to those above it, one after the other.</summary>
    /// <param name="row">The number of the row.</param>
    /// <param name="place">0 for the first; becomes the place of the next.</param>
    /// <param name="table">The table of the row that the key was added to.</param>
    /// <param name="key">Valid until something is pushed.</param>
    public bool TryNext(int row, ref long place, out TrackedTable table, out ReadOnlySpan<byte> key)
    {
        place = Math.Max(place, rows[row].Start);
        int current = row;
        while (place < notes.Length)
        {
            while (current + 1 < Count && rows[current + 1].Start <= place)
            {
                current++;
            }

            bool isOwnKey = place < rows[current].Notes;
            key = At(place, out place);
            table = rows[current].Table;
            if (!isOwnKey)
            {
                return true;
            }
        }

        table = rows[row].Table;
        key = default;
        return false;
    }

    /// <summary>Whether a row waits for an update that changes its key, and not for one of the row that has the new key already.</summary>
    /// <param name="row">The number of the row.</param>
    /// <param name="previous">The key that the updated row has had.</param>
    public bool IsMoving(int row, ReadOnlySpan<byte> previous) => rows[row].HasOldKey && !OldKey(row).SequenceEqual(previous);

    /// <summary>Whether a row, or one above it, has had that key.</summary>
    public bool IsMoved(int row, TrackedTable table, ReadOnlySpan<byte> key)
    {
        for (int i = row; i < Count; i++)
        {
            if (rows[i].HasOldKey && rows[i].Table == table && OldKey(i).SequenceEqual(key))
            {
                return true;
            }
        }

        return false;
    }

    /// <summary>Whether the key that <see cref="TryNext"/> has read was added to this row, not to one above it.</summary>
    public bool IsOf(int row, long place) => row + 1 == Count || place <= rows[row + 1].Start;

    /// <summary>Whether a row has or has had that key, or it was added to it.</summary>
    public bool Names(int row, TrackedTable table, ReadOnlySpan<byte> key)
    {
        if (rows[row].Table != table)
        {
            return false;
        }

        long end = row + 1 < Count ? rows[row + 1].Start : notes.Length;
        for (long place = rows[row].Start; place < end;)
        {
            if (At(place, out place).SequenceEqual(key))
            {
                return true;
            }
        }

        return false;
    }

    /// <summary>Drops a row and those above it.</summary>
    public void PopFrom(int row)
    {
        notes.Truncate(rows[row].Start);
        Array.Clear(rows, row, Count - row);
        Count = row;
    }

    /// <summary>Drops everything.</summary>
    public void Clear()
    {
        if (Count > 0)
        {
            PopFrom(0);
        }
    }

    public void Dispose()
    {
        Clear();
        notes.Dispose();
    }

    /// <summary>What lies at the bottom waits for nothing: triggers do not nest that deep.</summary>
    private void DropOlderHalf()
    {
        int dropped = Count / 2;
        long bytes = rows[dropped].Start;
        Buffer.MemoryCopy(notes.Data + bytes, notes.Data, notes.Capacity, notes.Length - bytes);
        Array.Copy(rows, dropped, rows, 0, Count - dropped);
        Array.Clear(rows, Count - dropped, dropped);
        Count -= dropped;
        notes.Truncate(notes.Length - bytes);
        for (int i = 0; i < Count; i++)
        {
            rows[i].Start -= bytes;
            rows[i].Notes -= bytes;
        }
    }

    private ReadOnlySpan<byte> OldKey(int row)
    {
        _ = At(rows[row].Start, out long place);
        return At(place, out _);
    }

    private ReadOnlySpan<byte> At(long place, out long behind)
    {
        int length = *(int*)(notes.Data + place);
        behind = place + Head + length;
        return new ReadOnlySpan<byte>(notes.Data + place + Head, length);
    }
}
