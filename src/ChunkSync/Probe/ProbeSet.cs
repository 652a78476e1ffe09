using System.Buffers.Binary;
using ChunkSync.Format;
using ChunkSync.Sqlite;

namespace ChunkSync.Probe;

/// <summary>What is wanted of a chain: three axes, what (tables and entities), who (sites) and where (positions). Inside an axis any item
/// matches, between the given axes all must; an axis without an item is open. A set without items matches nothing, or everything when it
/// says so.</summary>
internal sealed unsafe class ProbeSet : IDisposable
{
    private readonly NativeBuffer blob = new();
    private readonly byte axes;

    private ProbeSet(ReadOnlySpan<byte> bytes)
    {
        blob.Append(bytes);
        axes = blob.Data[5];
        Entities = new EntityTable(blob.Data);
    }

    /// <summary>Tables that are wanted whole, folded, ascending.</summary>
    public NameList Tables { get; } = new();

    /// <summary>Single rows that are wanted; none of them is in one of <see cref="Tables"/>.</summary>
    public EntityTable Entities { get; }

    /// <summary>Site ids, ascending.</summary>
    public NameList Sites { get; } = new();

    /// <summary>Points and ranges.</summary>
    public IntervalList Intervals { get; } = new();

    public bool HasWhat => (axes & ProbeSetFormat.What) != 0;

    public bool HasWho => (axes & ProbeSetFormat.Who) != 0;

    public bool HasWhere => (axes & ProbeSetFormat.Where) != 0;

    /// <summary>Whether no axis is given and everything is wanted.</summary>
    public bool IsAll => axes == ProbeSetFormat.All;

    /// <summary>Whether nothing can match.</summary>
    public bool IsEmpty => axes == 0;

    /// <summary>Entities and points that no row of an opened chunk matched so far.</summary>
    public long Misses => (long)Entities.Misses + Intervals.Misses;

    /// <summary>Reads a set. The bytes are copied.</summary>
    /// <returns>Null when they are not a set that <see cref="ProbeSetBuilder"/> writes.</returns>
    public static ProbeSet? TryRead(ReadOnlySpan<byte> bytes)
    {
        const int Checked = ProbeSetFormat.ChecksumLength;
        if (bytes.Length < ProbeSetFormat.HeaderLength + Checked || !bytes.StartsWith(ProbeSetFormat.Magic)
            || bytes[4] != ProbeSetFormat.Version || bytes[6] != 0 || bytes[7] != 0
            || Fnv1a64.Of(bytes[..^Checked]) != BinaryPrimitives.ReadUInt64BigEndian(bytes[^Checked..]))
        {
            return null;
        }

        ProbeSet set = new(bytes);
        try
        {
            ValueReader reader = new(
                set.blob.Data + ProbeSetFormat.HeaderLength, bytes.Length - ProbeSetFormat.HeaderLength - Checked);
            if (set.ReadLists(ref reader) && reader.Remaining == 0 && set.AxesFit())
            {
                set.Entities.Build();
                return set;
            }
        }
        catch
        {
            set.Dispose();
            throw;
        }

        set.Dispose();
        return null;
    }

    public void Dispose()
    {
        Tables.Dispose();
        Entities.Dispose();
        Sites.Dispose();
        Intervals.Dispose();
        blob.Dispose();
    }

    private bool AxesFit()
    {
        int expected = (Tables.Count + Entities.Count > 0 ? ProbeSetFormat.What : 0) | (Sites.Count > 0 ? ProbeSetFormat.Who : 0)
            | (Intervals.Count > 0 ? ProbeSetFormat.Where : 0);
        return (axes & ~ProbeSetFormat.All) == expected;
    }

    private bool ReadLists(ref ValueReader reader) =>
        ReadNames(ref reader, Tables, ValueCodec.Text) && ReadEntities(ref reader) && ReadNames(ref reader, Sites, ValueCodec.Blob)
        && ReadIntervals(ref reader);

    private static bool ReadNames(ref ValueReader reader, NameList names, int kind)
    {
        if (!reader.TryReadNatural(out long count))
        {
            return false;
        }

        for (long i = 0; i < count; i++)
        {
            if (!ReadBytes(ref reader, kind, out byte* data, out int length) || !names.TryAdd(data, length)
                || (kind == ValueCodec.Text && !FoldedName.IsFolded(new ReadOnlySpan<byte>(data, length))))
            {
                return false;
            }
        }

        return true;
    }

    private bool ReadEntities(ref ValueReader reader)
    {
        if (!reader.TryReadNatural(out long count))
        {
            return false;
        }

        for (long i = 0; i < count; i++)
        {
            if (!ReadBytes(ref reader, ValueCodec.Text, out byte* table, out int tableLength)
                || !ReadBytes(ref reader, ValueCodec.Blob, out byte* key, out int keyLength))
            {
                return false;
            }

            ReadOnlySpan<byte> name = new(table, tableLength);
            NameList tables = Entities.Tables;
            bool isSameTable = tables.Count > 0 && tables[tables.Count - 1].SequenceEqual(name);
            if (!isSameTable && (!FoldedName.IsFolded(name) || Tables.Find(name) >= 0 || !tables.TryAdd(table, tableLength)))
            {
                return false;
            }

            if (!Entities.TryAdd(key, keyLength))
            {
                return false;
            }
        }

        return true;
    }

    /// <summary>Points come first, ranges behind them: both ascend, and are merged into one list.</summary>
    private bool ReadIntervals(ref ValueReader reader)
    {
        if (!reader.TryReadNatural(out long pointCount))
        {
            return false;
        }

        ValueReader points = reader;
        for (long i = 0; i < pointCount; i++)
        {
            if (!TryReadPosition(ref reader, out Position next) || !Intervals.TryAdd(new PositionInterval(next, next), isPoint: true))
            {
                return false;
            }
        }

        return reader.TryReadNatural(out long rangeCount) && (rangeCount == 0 || ReadMerged(ref reader, points, pointCount, rangeCount));
    }

    /// <summary>Points and ranges in one order: the points are read once more.</summary>
    private bool ReadMerged(ref ValueReader reader, ValueReader points, long pointCount, long rangeCount)
    {
        Intervals.Clear();
        bool hasPoint = TryNextPoint(ref points, ref pointCount, out Position point);
        PositionInterval? last = null;
        for (long i = 0; i < rangeCount; i++)
        {
            if (!TryReadPosition(ref reader, out Position from) || !TryReadPosition(ref reader, out Position to) || to < from
                || (last is PositionInterval before && before.To.IsJustBefore(from)))
            {
                return false;
            }

            for (; hasPoint && point < from; hasPoint = TryNextPoint(ref points, ref pointCount, out point))
            {
                if (!Intervals.TryAdd(new PositionInterval(point, point), isPoint: true))
                {
                    return false;
                }
            }

            last = new PositionInterval(from, to);
            if (!Intervals.TryAdd(last.Value, isPoint: false))
            {
                return false;
            }
        }

        for (; hasPoint; hasPoint = TryNextPoint(ref points, ref pointCount, out point))
        {
            if (!Intervals.TryAdd(new PositionInterval(point, point), isPoint: true))
            {
                return false;
            }
        }

        return true;
    }

    private static bool TryNextPoint(ref ValueReader reader, ref long left, out Position point)
    {
        point = default;
        return left-- > 0 && TryReadPosition(ref reader, out point);
    }

    private static bool TryReadPosition(ref ValueReader reader, out Position position)
    {
        bool read = reader.TryReadInteger(out long dbVersion) & reader.TryReadInteger(out long seq);
        position = new Position(dbVersion, seq);
        return read;
    }

    private static bool ReadBytes(ref ValueReader reader, int kind, out byte* data, out int length)
    {
        bool read = reader.TryRead(out WireValue value) && value.Kind == (kind == ValueCodec.Text ? WireKind.Text : WireKind.Blob);
        data = value.Data;
        length = (int)value.Length;
        return read;
    }
}
