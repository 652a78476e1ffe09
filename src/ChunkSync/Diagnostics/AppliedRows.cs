using System.Numerics;
using System.Text;
using ChunkSync.Catalog;
using ChunkSync.Format;
using ChunkSync.Merge;
using ChunkSync.Sqlite;

namespace ChunkSync.Diagnostics;

/// <summary>The rows that the last call of a connection changed which merged what others sent: records in one piece of native memory, as they
/// came; those of one row become one when they are read. What does not fit is counted.</summary>
internal sealed unsafe class AppliedRows : IDisposable
{
    private const int Alignment = 8;
    private const long FirstCapacity = 4096;

    /// <summary>The head of a record; the columns as bits and the pk blob follow.</summary>
    private struct Record
    {
        public int Size;
        public int Table;
        public int KeyLength;
        public RowEffect First;
        public RowEffect Last;
        public int Writes;
        public bool IsGone;
    }

    private readonly List<TrackedTable> tables = [];
    private byte* data;
    private long length;
    private long capacity;
    private long limit;
    private long records;
    private long folded;
    private TrackedTable? lastTable;
    private int lastNumber;

    /// <summary>Moves with every beginning: what was read before it is gone.</summary>
    public long Generation { get; private set; }

    /// <summary>Bytes in use.</summary>
    public long Length => length;

    /// <summary>Writes that are not among the records.</summary>
    public long Missed { get; private set; }

    /// <summary>Writes that were told, the missed ones too.</summary>
    public long Writes { get; private set; }

    /// <summary>Forgets everything, and begins with so many bytes at most; with 0 nothing is kept.</summary>
    public void Begin(long bytes)
    {
        Clear();
        limit = bytes;
        if (capacity > limit)
        {
            Free();
        }
    }

    /// <summary>Forgets everything.</summary>
    public void Clear()
    {
        Generation++;
        length = 0;
        records = 0;
        folded = 0;
        Missed = 0;
        Writes = 0;
        lastTable = null;
        tables.Clear();
    }

    /// <summary>Nobody knows any more which of the writes hold: all of them are counted as missed.</summary>
    public void Forget()
    {
        long writes = Writes;
        Clear();
        Missed = writes;
        Writes = writes;
    }

    /// <summary>Forgets what came behind a length, which was that of some time before. Nothing has been read in between.</summary>
    public void Truncate(long to, long writes)
    {
        if (folded > 0 && to < length)
        {
            // Records have been joined: what is left of them is not known.
            Forget();
            return;
        }

        long at = 0;
        records = 0;
        while (at < to)
        {
            at += ((Record*)(data + at))->Size;
            records++;
        }

        length = at;
        Missed = Math.Max(0, writes - records);
        Writes = writes;
    }

    /// <summary>Adds a write of a row.</summary>
    public void Add(TrackedTable table, NativeBytes key, ReadOnlySpan<int> columns, RowEffect effect)
    {
        if (limit == 0)
        {
            return;
        }

        Writes++;
        int bits = BytesOf(table);
        int size = (sizeof(Record) + bits + key.Length + Alignment - 1) & -Alignment;
        if (length + size > capacity && !Grow(length + size))
        {
            Missed++;
            return;
        }

        Record* record = (Record*)(data + length);
        *record = new Record { Size = size, Table = NumberOf(table), KeyLength = key.Length, First = effect, Last = effect, Writes = 1 };
        byte* set = (byte*)(record + 1);
        new Span<byte>(set, bits).Clear();
        foreach (int column in columns)
        {
            set[column >> 3] |= (byte)(1 << (column & 7));
        }

        key.Span.CopyTo(new Span<byte>(set + bits, key.Length));
        length += size;
        records++;
    }

    /// <summary>The first row at or behind a place.</summary>
    /// <returns>Its place; -1 behind the last one.</returns>
    public long Find(long at)
    {
        Fold();
        while (at < length)
        {
            Record* record = (Record*)(data + at);
            if (!record->IsGone)
            {
                return at;
            }

            at += record->Size;
        }

        return -1;
    }

    /// <summary>The place behind a row.</summary>
    public long Behind(long at) => at + ((Record*)(data + at))->Size;

    /// <summary>The name of a row's table.</summary>
    public ReadOnlySpan<byte> TableAt(long at) => tables[((Record*)(data + at))->Table].NameUtf8;

    /// <summary>The pk blob of a row.</summary>
    public NativeBytes KeyAt(long at)
    {
        Record* record = (Record*)(data + at);
        return new NativeBytes((byte*)(record + 1) + BytesOf(tables[record->Table]), record->KeyLength);
    }

    /// <summary>What has become of a row.</summary>
    public RowEffect EffectAt(long at)
    {
        Record* record = (Record*)(data + at);
        return record->Last == RowEffect.Delete ? RowEffect.Delete : record->First == RowEffect.Insert ? RowEffect.Insert : RowEffect.Update;
    }

    /// <summary>How often a row was written.</summary>
    public long WritesAt(long at) => ((Record*)(data + at))->Writes;

    /// <summary>The columns of a row that were written, by their names in clocks, separated by commas.</summary>
    public string ColumnsAt(long at)
    {
        Record* record = (Record*)(data + at);
        byte* set = (byte*)(record + 1);
        StringBuilder names = new();
        TableColumn[] columns = tables[record->Table].ValueColumns;
        for (int i = 0; i < columns.Length; i++)
        {
            if ((set[i >> 3] & (1 << (i & 7))) != 0)
            {
                names.Append(names.Length == 0 ? "" : ",").Append(columns[i].ClockName);
            }
        }

        return names.ToString();
    }

    public void Dispose() => Free();

    private static int BytesOf(TrackedTable table) => (table.ValueColumns.Length + 7) >> 3;

    private int NumberOf(TrackedTable table)
    {
        if (!ReferenceEquals(table, lastTable))
        {
            int number = tables.IndexOf(table);
            if (number < 0)
            {
                number = tables.Count;
                tables.Add(table);
            }

            lastTable = table;
            lastNumber = number;
        }

        return lastNumber;
    }

    /// <summary>Makes room; false where there may be none, or is none.</summary>
    private bool Grow(long needed)
    {
        if (needed > limit)
        {
            return false;
        }

        long grown = Math.Min(limit, Math.Max(needed, Math.Max(capacity * 2, FirstCapacity)));
        byte* memory = (byte*)Sqlite3.Api->realloc64(data, (ulong)grown);
        if (memory == null)
        {
            return false;
        }

        data = memory;
        capacity = grown;
        return true;
    }

    private void Free()
    {
        Sqlite3.Free(data);
        data = null;
        capacity = 0;
        length = 0;
    }

    /// <summary>Joins the records of each row to its first one, and takes away rows that came and went.</summary>
    private void Fold()
    {
        if (folded == records)
        {
            return;
        }

        int slots = (int)BitOperations.RoundUpToPowerOf2((ulong)records * 2);
        int* places = (int*)Sqlite3.Allocate((long)slots * sizeof(int));
        try
        {
            new Span<int>(places, slots).Fill(-1);
            for (long at = 0; at < length; at += ((Record*)(data + at))->Size)
            {
                if (!((Record*)(data + at))->IsGone)
                {
                    Join(places, slots - 1, at);
                }
            }
        }
        finally
        {
            Sqlite3.Free(places);
        }

        for (long at = 0; at < length; at += ((Record*)(data + at))->Size)
        {
            Record* record = (Record*)(data + at);
            record->IsGone |= record->First == RowEffect.Insert && record->Last == RowEffect.Delete;
        }

        folded = records;
    }

    private void Join(int* places, int mask, long at)
    {
        Record* record = (Record*)(data + at);
        NativeBytes key = KeyAt(at);
        int slot = (int)(Fnv1a64.Of(key.Span) >> 20) + (record->Table * 31);
        for (slot &= mask; places[slot] >= 0; slot = (slot + 1) & mask)
        {
            long earlier = (long)places[slot] * Alignment;
            Record* known = (Record*)(data + earlier);
            if (known->Table != record->Table || !KeyAt(earlier).Span.SequenceEqual(key.Span))
            {
                continue;
            }

            known->Last = record->Last;
            known->Writes += record->Writes;
            for (int i = 0; i < BytesOf(tables[record->Table]); i++)
            {
                ((byte*)(known + 1))[i] |= ((byte*)(record + 1))[i];
            }

            record->IsGone = true;
            return;
        }

        places[slot] = (int)(at / Alignment);
    }
}
