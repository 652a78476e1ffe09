using ChunkSync.Format;
using ChunkSync.Sqlite;

namespace ChunkSync.Merge;

/// <summary>The rows that one merged change reaches through foreign keys: a list with a queue through it and an index by identity, in native
/// memory, because a parent can have as many children as a table has rows. Rows are named by their offset.</summary>
internal sealed unsafe class ReachedRows : IDisposable
{
    private const long None = -1;
    private const int FirstSlots = 64;

    /// <summary>Memory that is kept between two changes.</summary>
    private const long KeptCapacity = 65_536;

    private readonly NativeBuffer rows = new();
    private long* slots;
    private int slotCount;
    private int count;
    private long first = None;
    private long end = None;

    /// <summary>The row that was added last; -1 for none.</summary>
    public long Last { get; private set; } = None;

    /// <summary>The number of rows.</summary>
    public int Count => count;

    /// <summary>A row. The reference is valid until the next row is added.</summary>
    public ref ReachedRow this[long row] => ref *(ReachedRow*)(rows.Data + row);

    /// <summary>What identifies a row, encoded as a key.</summary>
    public ReadOnlySpan<byte> Identity(long row) => new(rows.Data + row + sizeof(ReachedRow), this[row].IdentityLength);

    /// <summary>The values of its watched columns before the change, encoded as a key.</summary>
    public ReadOnlySpan<byte> Values(long row) => new(rows.Data + row + sizeof(ReachedRow) + this[row].IdentityLength, this[row].ValuesLength);

    /// <summary>The row with that identity; -1 when it has not been reached.</summary>
    public long Find(int table, ReadOnlySpan<byte> identity)
    {
        if (slotCount == 0)
        {
            return None;
        }

        long* slot = SlotOf(table, identity);
        return *slot;
    }

    /// <summary>Adds a row that has not been reached.</summary>
    public long Add(int table, ReadOnlySpan<byte> identity, ReadOnlySpan<byte> values)
    {
        if (2 * (count + 1) > slotCount)
        {
            Rehash();
        }

        long size = (sizeof(ReachedRow) + identity.Length + (long)values.Length + 7) & ~7L;
        rows.Reserve(size);
        long row = rows.Length;
        rows.Commit(size);
        this[row] = new ReachedRow
        {
            Previous = Last,
            Next = None,
            Table = table,
            IdentityLength = identity.Length,
            ValuesLength = values.Length,
        };
        identity.CopyTo(new Span<byte>(rows.Data + row + sizeof(ReachedRow), identity.Length));
        values.CopyTo(new Span<byte>(rows.Data + row + sizeof(ReachedRow) + identity.Length, values.Length));
        *SlotOf(table, identity) = row;
        count++;
        Last = row;
        return row;
    }

    /// <summary>Something happens to a row that has to be followed, unless it has been.</summary>
    public void Push(long row, ulong events)
    {
        ref ReachedRow reached = ref this[row];
        reached.Pending |= events & ~reached.Followed;
        if (reached.Pending == 0 || reached.IsQueued)
        {
            return;
        }

        reached.IsQueued = true;
        reached.Next = None;
        if (end == None)
        {
            first = row;
        }
        else
        {
            this[end].Next = row;
        }

        end = row;
    }

    /// <summary>Takes what is to be followed next; false at the end.</summary>
    public bool TryPop(out long row, out ulong events)
    {
        row = first;
        events = 0;
        if (row == None)
        {
            return false;
        }

        ref ReachedRow reached = ref this[row];
        first = reached.Next;
        end = first == None ? None : end;
        reached.IsQueued = false;
        events = reached.Pending;
        reached.Followed |= events;
        reached.Pending = 0;
        return true;
    }

    /// <summary>Forgets all rows.</summary>
    public void Clear()
    {
        if (rows.Capacity > KeptCapacity || slotCount * sizeof(long) > KeptCapacity)
        {
            Dispose();
        }

        new Span<long>(slots, slotCount).Fill(None);
        rows.Clear();
        count = 0;
        first = None;
        end = None;
        Last = None;
    }

    public void Dispose()
    {
        rows.Dispose();
        Sqlite3.Free((byte*)slots);
        slots = null;
        slotCount = 0;
        count = 0;
    }

    /// <summary>The slot that holds a row with that identity, or the empty one where it belongs.</summary>
    private long* SlotOf(int table, ReadOnlySpan<byte> identity)
    {
        ulong hash = Fnv1a64.Of(identity) ^ ((ulong)table * 0x9E3779B97F4A7C15);
        int slot = (int)((hash ^ (hash >> 32)) & (ulong)(slotCount - 1));
        while (slots[slot] != None && (this[slots[slot]].Table != table || !Identity(slots[slot]).SequenceEqual(identity)))
        {
            slot = (slot + 1) & (slotCount - 1);
        }

        return slots + slot;
    }

    private void Rehash()
    {
        int grown = Math.Max(FirstSlots, checked(2 * slotCount));
        slots = (long*)Sqlite3.Reallocate((byte*)slots, (long)grown * sizeof(long));
        slotCount = grown;
        new Span<long>(slots, slotCount).Fill(None);
        for (long row = Last; row != None; row = this[row].Previous)
        {
            *SlotOf(this[row].Table, Identity(row)) = row;
        }
    }
}
