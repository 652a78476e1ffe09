using ChunkSync.Format;
using ChunkSync.Merge;
using ChunkSync.Sqlite;

namespace ChunkSync.Waiting;

/// <summary>The rows that are to be arranged: those with groups aside, and those that wait. In native memory, with an index by table and
/// key. Rows are named by their number.</summary>
internal sealed unsafe class RefusedRows : IDisposable
{
    /// <summary>The number of no row.</summary>
    public const int None = -1;

    private const int FirstSlots = 64;

    private readonly NativeBuffer rows = new();
    private readonly NativeArena names = new();
    private int* slots;
    private int slotCount;

    /// <summary>The number of the attempt that is going on; what it wrote can be undone.</summary>
    public int Attempt { get; set; } = 1;

    /// <summary>The number of entries: a row's further groups have one each, too.</summary>
    public int Count { get; private set; }

    /// <summary>An entry. The reference is valid until the next one is added.</summary>
    public ref RefusedRow this[int entry] => ref ((RefusedRow*)rows.Data)[entry];

    /// <summary>Table and key of a row, and the rest of its first change where it has one here.</summary>
    public ChangeRow First(int entry)
    {
        ref RefusedRow row = ref this[entry];
        if (row.Count > 0)
        {
            return RowChanges.First(row.Group);
        }

        ChangeRow named = default;
        ValueReader reader = new(row.Rows, long.MaxValue / 2 - (long)row.Rows);
        reader.TryReadBytes(out named.Table, out named.TableLength);
        reader.TryReadBytes(out named.Key, out named.KeyLength);
        return named;
    }

    /// <summary>The row with a table and key; <see cref="None"/> where it is not in the list.</summary>
    public int Find(ReadOnlySpan<byte> table, ReadOnlySpan<byte> key) => slotCount == 0 ? None : *SlotOf(table, key);

    /// <summary>Adds a group that is aside: to its row, where that is in the list.</summary>
    public void Add(in AsideGroup group)
    {
        ChangeRow first = RowChanges.First(group);
        int* slot = Slot(first.TableName, first.KeyBlob);
        int added = Append(group.Rows, group.Count);
        this[added].Code = group.Code;
        this[added].Text = group.Text;
        if (*slot == None)
        {
            *slot = added;
            return;
        }

        this[added].IsFurther = true;
        int row = *slot;
        this[this[row].Last].Next = added;
        this[row].Last = added;
    }

    /// <summary>Adds a row that waits, unless it is in the list.</summary>
    /// <returns>Its number.</returns>
    public int AddWaiting(ReadOnlySpan<byte> table, ReadOnlySpan<byte> key)
    {
        int* slot = Slot(table, key);
        if (*slot != None)
        {
            return *slot;
        }

        byte* name = names.Allocate(ValueCodec.SizeOfBytes(table.Length) + ValueCodec.SizeOfBytes(key.Length));
        fixed (byte* tableBytes = table, keyBytes = key)
        {
            ChangeRow row = new() { Table = tableBytes, TableLength = table.Length, Key = keyBytes, KeyLength = key.Length };
            ChangeRowCodec.WriteKey(name, row);
        }

        int added = Append(name, 0);
        *Slot(table, key) = added;
        return added;
    }

    /// <summary>Adds the row that is in the way of another one, if it waits.</summary>
    /// <returns>Its number; <see cref="None"/> when it does not.</returns>
    public int AddWaiting(WaitingStore store, in Blocker found)
    {
        if (!store.Any)
        {
            return None;
        }

        fixed (byte* table = found.Table.NameUtf8, key = found.Key)
        {
            ChangeRow row = new() { Table = table, TableLength = found.Table.NameUtf8.Length, Key = key, KeyLength = found.Key.Length };
            return store.Wait(row) ? AddWaiting(row.TableName, row.KeyBlob) : None;
        }
    }

    /// <summary>The groups of a row that were written in the attempt that is going on are not: it is undone.</summary>
    public void Undo(int row)
    {
        for (int entry = row; entry != None; entry = this[entry].Next)
        {
            if (this[entry].WrittenIn == Attempt)
            {
                this[entry].WrittenIn = 0;
            }
        }
    }

    /// <summary>Forgets all rows.</summary>
    public void Clear()
    {
        rows.Clear();
        names.Clear();
        Count = 0;
        new Span<int>(slots, slotCount).Fill(None);
    }

    public void Dispose()
    {
        rows.Dispose();
        names.Dispose();
        Sqlite3.Free((byte*)slots);
        slots = null;
        slotCount = 0;
        Count = 0;
    }

    private int Append(byte* data, int count)
    {
        byte* place = rows.Reserve(sizeof(RefusedRow));
        *(RefusedRow*)place = new RefusedRow { Rows = data, Count = count, Next = None, Last = Count };
        rows.Commit(sizeof(RefusedRow));
        return Count++;
    }

    private int* Slot(ReadOnlySpan<byte> table, ReadOnlySpan<byte> key)
    {
        if (2 * (Count + 1) > slotCount)
        {
            Rehash();
        }

        return SlotOf(table, key);
    }

    /// <summary>The slot that holds a row, or the empty one where it belongs.</summary>
    private int* SlotOf(ReadOnlySpan<byte> table, ReadOnlySpan<byte> key)
    {
        int slot = Hash(key) & (slotCount - 1);
        while (slots[slot] != None && !IsAt(slots[slot], table, key))
        {
            slot = (slot + 1) & (slotCount - 1);
        }

        return slots + slot;
    }

    /// <summary>Seeded in each process: nobody can make keys that share a slot.</summary>
    private static int Hash(ReadOnlySpan<byte> key)
    {
        HashCode hash = default;
        hash.AddBytes(key);
        return hash.ToHashCode();
    }

    private bool IsAt(int entry, ReadOnlySpan<byte> table, ReadOnlySpan<byte> key)
    {
        ChangeRow row = First(entry);
        return row.KeyBlob.SequenceEqual(key) && AsciiNames.Same(row.TableName, table);
    }

    private void Rehash()
    {
        int grown = Math.Max(FirstSlots, checked(2 * slotCount));
        slots = (int*)Sqlite3.Reallocate((byte*)slots, (long)grown * sizeof(int));
        slotCount = grown;
        new Span<int>(slots, slotCount).Fill(None);
        for (int i = 0; i < Count; i++)
        {
            if (!this[i].IsFurther)
            {
                ChangeRow row = First(i);
                *SlotOf(row.TableName, row.KeyBlob) = i;
            }
        }
    }
}
