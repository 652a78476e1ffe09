using System.Buffers.Binary;
using ChunkSync.Format;
using ChunkSync.Sqlite;

namespace ChunkSync.Probe;

/// <summary>Collects the rows of <c>cloudsync_probe_set</c> and writes the set (see <see cref="ProbeSetFormat"/>).</summary>
/// <remarks>Items lie in one native buffer, lists refer to them by offset; both grow with the rows that were given and with nothing
/// else.</remarks>
internal sealed unsafe class ProbeSetBuilder : IDisposable
{
    /// <summary>A name, or a name and a key, in <see cref="bytes"/>.</summary>
    private struct Item
    {
        public long Offset;
        public int NameLength;
        public int KeyLength;
    }

    private readonly NativeBuffer bytes = new();
    private readonly NativeBuffer tables = new();
    private readonly NativeBuffer entities = new();
    private readonly NativeBuffer sites = new();
    private readonly NativeBuffer points = new();
    private readonly NativeBuffer ranges = new();
    private bool all;

    /// <summary>Everything is wanted, unless another row narrows it.</summary>
    public void AddAll() => all = true;

    /// <summary>All changes of a table.</summary>
    public void AddTable(ReadOnlySpan<byte> name) => Add(tables, name, default, fold: true);

    /// <summary>All changes of a row.</summary>
    public void AddEntity(ReadOnlySpan<byte> table, ReadOnlySpan<byte> key) => Add(entities, table, key, fold: true);

    /// <summary>All changes that a site made.</summary>
    public void AddSite(ReadOnlySpan<byte> id) => Add(sites, id, default, fold: false);

    /// <summary>The changes at a position.</summary>
    public void AddPoint(Position position) => Append(points, position);

    /// <summary>The changes of an interval; <c>From</c> is not behind <c>To</c>.</summary>
    public void AddRange(PositionInterval range) => Append(ranges, range);

    /// <summary>Writes the set.</summary>
    /// <param name="target">Where it goes; empty.</param>
    public void Finish(NativeBuffer target)
    {
        Span<Item> tableItems = SortAndDistinct(tables);
        Span<Item> entityItems = WithoutTables(SortAndDistinct(entities), tableItems);
        Span<Item> siteItems = SortAndDistinct(sites);
        Span<PositionInterval> intervals = Merge(ranges);
        Span<Position> single = Outside(points, intervals);
        int axes = (tableItems.Length + entityItems.Length > 0 ? ProbeSetFormat.What : 0) | (siteItems.Length > 0 ? ProbeSetFormat.Who : 0)
            | (single.Length + intervals.Length > 0 ? ProbeSetFormat.Where : 0) | (all ? ProbeSetFormat.All : 0);
        target.Append(ProbeSetFormat.Magic);
        target.Append([ProbeSetFormat.Version, (byte)axes, 0, 0]);
        WriteNumber(target, tableItems.Length);
        foreach (ref readonly Item item in tableItems)
        {
            WriteBytes(target, ValueCodec.Text, bytes.Data + item.Offset, item.NameLength);
        }

        WriteNumber(target, entityItems.Length);
        foreach (ref readonly Item item in entityItems)
        {
            WriteBytes(target, ValueCodec.Text, bytes.Data + item.Offset, item.NameLength);
            WriteBytes(target, ValueCodec.Blob, bytes.Data + item.Offset + item.NameLength, item.KeyLength);
        }

        WriteNumber(target, siteItems.Length);
        foreach (ref readonly Item item in siteItems)
        {
            WriteBytes(target, ValueCodec.Blob, bytes.Data + item.Offset, item.NameLength);
        }

        WriteNumber(target, single.Length);
        foreach (ref readonly Position point in single)
        {
            Write(target, point);
        }

        WriteNumber(target, intervals.Length);
        foreach (ref readonly PositionInterval interval in intervals)
        {
            Write(target, interval.From);
            Write(target, interval.To);
        }

        ulong checksum = Fnv1a64.Of(target.Data, target.Length);
        BinaryPrimitives.WriteUInt64BigEndian(new Span<byte>(target.Reserve(ProbeSetFormat.ChecksumLength), ProbeSetFormat.ChecksumLength), checksum);
        target.Commit(ProbeSetFormat.ChecksumLength);
    }

    public void Dispose()
    {
        foreach (NativeBuffer buffer in (ReadOnlySpan<NativeBuffer>)[bytes, tables, entities, sites, points, ranges])
        {
            buffer.Dispose();
        }
    }

    private static void Append<T>(NativeBuffer list, T item)
        where T : unmanaged
    {
        *(T*)list.Reserve(sizeof(T)) = item;
        list.Commit(sizeof(T));
    }

    private static Span<T> Items<T>(NativeBuffer list)
        where T : unmanaged => new(list.Data, checked((int)(list.Length / sizeof(T))));

    private void Add(NativeBuffer list, ReadOnlySpan<byte> name, ReadOnlySpan<byte> key, bool fold)
    {
        Item item = new() { Offset = bytes.Length, NameLength = name.Length, KeyLength = key.Length };
        byte* target = bytes.Reserve((long)name.Length + key.Length);
        name.CopyTo(new Span<byte>(target, name.Length));
        if (fold)
        {
            FoldedName.Write(target, target, name.Length);
        }

        key.CopyTo(new Span<byte>(target + name.Length, key.Length));
        bytes.Commit((long)name.Length + key.Length);
        Append(list, item);
    }

    private ReadOnlySpan<byte> Name(in Item item) => new(bytes.Data + item.Offset, item.NameLength);

    private ReadOnlySpan<byte> Key(in Item item) => new(bytes.Data + item.Offset + item.NameLength, item.KeyLength);

    private int Compare(Item left, Item right)
    {
        int order = Name(left).SequenceCompareTo(Name(right));
        return order != 0 ? order : Key(left).SequenceCompareTo(Key(right));
    }

    private Span<Item> SortAndDistinct(NativeBuffer list)
    {
        Span<Item> items = Items<Item>(list);
        items.Sort(Compare);
        int kept = 0;
        for (int i = 0; i < items.Length; i++)
        {
            if (kept == 0 || Compare(items[kept - 1], items[i]) != 0)
            {
                items[kept++] = items[i];
            }
        }

        return items[..kept];
    }

    /// <summary>Both lists ascend: the entities whose table is not in the other list.</summary>
    private Span<Item> WithoutTables(Span<Item> items, ReadOnlySpan<Item> listed)
    {
        int kept = 0;
        int next = 0;
        foreach (Item item in items)
        {
            while (next < listed.Length && Name(listed[next]).SequenceCompareTo(Name(item)) < 0)
            {
                next++;
            }

            if (next == listed.Length || !Name(listed[next]).SequenceEqual(Name(item)))
            {
                items[kept++] = item;
            }
        }

        return items[..kept];
    }

    /// <summary>Ranges in order; those that overlap or touch are one.</summary>
    private static Span<PositionInterval> Merge(NativeBuffer list)
    {
        Span<PositionInterval> items = Items<PositionInterval>(list);
        items.Sort(static (left, right) => left.From != right.From ? left.From.CompareTo(right.From) : left.To.CompareTo(right.To));
        int kept = 0;
        foreach (PositionInterval item in items)
        {
            if (kept > 0 && (item.From <= items[kept - 1].To || items[kept - 1].To.IsJustBefore(item.From)))
            {
                PositionInterval last = items[kept - 1];
                items[kept - 1] = last with { To = item.To > last.To ? item.To : last.To };
            }
            else
            {
                items[kept++] = item;
            }
        }

        return items[..kept];
    }

    /// <summary>Points in order, without repeats and without those inside a range.</summary>
    private static Span<Position> Outside(NativeBuffer list, ReadOnlySpan<PositionInterval> intervals)
    {
        Span<Position> items = Items<Position>(list);
        items.Sort();
        int kept = 0;
        int next = 0;
        foreach (Position item in items)
        {
            while (next < intervals.Length && intervals[next].To < item)
            {
                next++;
            }

            bool covered = next < intervals.Length && intervals[next].Contains(item);
            if (!covered && (kept == 0 || items[kept - 1] != item))
            {
                items[kept++] = item;
            }
        }

        return items[..kept];
    }

    private static void Write(NativeBuffer target, Position position)
    {
        WriteNumber(target, position.DbVersion);
        WriteNumber(target, position.Seq);
    }

    private static void WriteNumber(NativeBuffer target, long number) =>
        target.Commit(ValueCodec.WriteInteger(target.Reserve(ValueCodec.MaxHeader), number));

    private static void WriteBytes(NativeBuffer target, int kind, byte* data, int length) =>
        target.Commit(ValueCodec.WriteBytes(target.Reserve(ValueCodec.MaxHeader + (long)length), kind, data, length));
}
