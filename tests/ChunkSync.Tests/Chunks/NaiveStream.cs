using System.Buffers.Binary;
using System.Text;
using ChunkSync.Tests.Host;

namespace ChunkSync.Tests.Chunks;

/// <summary>The stream and its chunks as the specification says them, written down without a thought for cost: the oracle.</summary>
internal static class NaiveStream
{
    public sealed record Row(long DbVersion, long Seq, byte[] Encoded, byte[] Value, Func<byte[], byte[], byte[]> With, byte[] Name, bool CanCut, byte[] Identity1, byte[] Identity2);

    public sealed record Chunk(byte[] Body, long Rows, long Min, long Max, (long V, long S, long O) Next, bool IsFinal);

    /// <summary>All rows of a site filter up to a version, in stream order.</summary>
    public static List<Row> Read(Database database, string siteCondition, long until)
    {
        List<(long V, long S, int Table, byte[] Pk, byte[] Name, Row Row)> rows = [];
        List<string> tables = [.. database.Query("SELECT substr(name, 1, length(name) - 10) FROM sqlite_master WHERE type = 'table' AND name LIKE '%\\_cloudsync' ESCAPE '\\' ORDER BY rowid").Select(row => (string)row[0]!)];
        for (int i = 0; i < tables.Count; i++)
        {
            foreach (object?[] clock in database.Query(
                $"SELECT c.pk, c.col_name, c.col_version, c.db_version, s.site_id, coalesce((SELECT x.col_version FROM \"{tables[i]}_cloudsync\" x"
                + $" WHERE x.pk = c.pk AND x.col_name = '__[RIP]__'), 1), c.seq FROM \"{tables[i]}_cloudsync\" c JOIN cloudsync_site_id s ON s.rowid = c.site_id"
                + $" WHERE {siteCondition} AND c.db_version <= {until}"))
            {
                string name = (string)clock[1]!;
                object? value = name == "__[RIP]__" ? null : database.Scalar("SELECT cloudsync_col_value(?, ?, ?)", tables[i], name, clock[0]);
                if (value as string == "__[RLS]__")
                {
                    continue;
                }

                Row row = Make(tables[i], (byte[])clock[0]!, name, value, (long)clock[2]!, (long)clock[3]!, (byte[])clock[4]!, (long)clock[5]!, (long)clock[6]!);
                rows.Add(((long)clock[3]!, (long)clock[6]!, i, (byte[])clock[0]!, Encoding.UTF8.GetBytes(name), row));
            }
        }

        rows.Sort((x, y) =>
        {
            int order = x.V != y.V ? x.V.CompareTo(y.V) : x.S != y.S ? x.S.CompareTo(y.S) : x.Table.CompareTo(y.Table);
            order = order != 0 ? order : x.Pk.AsSpan().SequenceCompareTo(y.Pk);
            return order != 0 ? order : x.Name.AsSpan().SequenceCompareTo(y.Name);
        });
        return [.. rows.Select(row => row.Row)];
    }

    /// <summary>The chunk that begins at row <paramref name="start"/>, <paramref name="inside"/> bytes into its value.</summary>
    public static Chunk Cut(List<Row> rows, int start, long inside, long max, long watermark)
    {
        Row first = rows[start];
        if (first.Encoded.Length + 32 + 16384 > max)
        {
            long size = PartSize(first, max, out long count);
            long length = Math.Min(size, first.Value.Length - inside);
            byte[] name = FragmentName(first, inside / size, count);
            byte[] body = first.With(name, Bytes(4, first.Value[(int)inside..(int)(inside + length)]));
            return inside + length < first.Value.Length
                ? new Chunk(body, 1, first.DbVersion, first.DbVersion, Cursor(rows, start, inside + length, watermark), false)
                : new Chunk(body, 1, first.DbVersion, first.DbVersion, Cursor(rows, start + 1, 0, watermark), start + 1 == rows.Count);
        }

        List<byte> bytes = [];
        int end = start;
        while (end < rows.Count && (end == start || (32 + bytes.Count + rows[end].Encoded.Length <= max && rows[end].Encoded.Length + 32 + 16384 <= max)))
        {
            bytes.AddRange(rows[end++].Encoded);
        }

        return new Chunk([.. bytes], end - start, first.DbVersion, rows[end - 1].DbVersion, Cursor(rows, end, 0, watermark), end == rows.Count);
    }

    /// <summary>The cursor of a row, or of a byte in its value.</summary>
    public static (long V, long S, long O) Cursor(List<Row> rows, int index, long inside, long watermark)
    {
        if (index == rows.Count)
        {
            return (watermark, 0, 0);
        }

        long offset = inside;
        for (int i = index - 1; i >= 0 && rows[i].DbVersion == rows[index].DbVersion && rows[i].Seq == rows[index].Seq; i--)
        {
            offset += rows[i].Encoded.Length;
        }

        return (rows[index].DbVersion, rows[index].Seq, offset);
    }

    /// <summary>Every offset inside a value at which a page can begin, 0 first.</summary>
    public static IEnumerable<long> Parts(Row row, long max)
    {
        if (row.Encoded.Length + 32 + 16384 <= max)
        {
            return [0];
        }

        long size = PartSize(row, max, out long count);
        return Enumerable.Range(0, (int)count).Select(part => part * size);
    }

    private static Row Make(string table, byte[] pk, string name, object? value, long version, long dbVersion, byte[] site, long cl, long seq)
    {
        byte[] encodedValue = Value(value);
        byte[] nameBytes = Encoding.UTF8.GetBytes(name);
        byte[] With(byte[] column, byte[] encoded) =>
            [.. Text(table), .. Bytes(4, pk), .. Bytes(3, column), .. encoded, .. Value(version), .. Value(dbVersion), .. Bytes(4, site), .. Value(cl), .. Value(seq)];
        ulong checksum = Fnv(14695981039346656037, encodedValue);
        byte[] sum = I64((long)checksum);
        byte[] total = I64(encodedValue.Length);
        byte[] one = [.. Encoding.UTF8.GetBytes(table), 0x1F, .. pk, 0x1F, .. nameBytes, 0x1F, .. site, .. I64(version), .. I64(dbVersion), .. I64(cl), .. I64(seq), .. sum, .. total];
        byte[] two = [.. total, .. sum, .. site, .. nameBytes, .. pk, .. Encoding.UTF8.GetBytes(table), .. I64(seq), .. I64(cl), .. I64(dbVersion), .. I64(version)];
        return new Row(dbVersion, seq, With(nameBytes, encodedValue), encodedValue, With, nameBytes, value is string or byte[] or RawText, one, two);
    }

    private static long PartSize(Row row, long max, out long count)
    {
        Assert.True(row.CanCut);
        long Room(long index, long of)
        {
            int fixedSize = 32 + row.With(new byte[FragmentNameLength(row, index, of)], []).Length;
            long room = max - fixedSize;
            while (room > 0 && fixedSize + room + 1 + Magnitude(room) > max)
            {
                room -= fixedSize + room + 1 + Magnitude(room) - max;
            }

            return room;
        }

        long size = Room(0, 1);
        for (int round = 0; round < 8; round++)
        {
            long parts = (row.Value.Length + size - 1) / size;
            long next = Room(parts - 1, parts);
            if (next == size)
            {
                break;
            }

            size = next;
        }

        count = (row.Value.Length + size - 1) / size;
        return size;
    }

    private static int FragmentNameLength(Row row, long index, long count) =>
        $"__cloudsync_frag_v1__:{new string('0', 32)}:{new string('0', 16)}:{index}:{count}:{row.Value.Length}:".Length + row.Name.Length;

    private static byte[] FragmentName(Row row, long index, long count) =>
    [
        .. Encoding.ASCII.GetBytes($"__cloudsync_frag_v1__:{Fnv(14695981039346656037, row.Identity1):x16}{Fnv(1099511628211, row.Identity2):x16}"
            + $":{Fnv(14695981039346656037, row.Value):x16}:{index}:{count}:{row.Value.Length}:"),
        .. row.Name,
    ];

    private static ulong Fnv(ulong state, byte[] data)
    {
        foreach (byte letter in data)
        {
            state = unchecked((state ^ letter) * 1099511628211);
        }

        return state;
    }

    private static byte[] I64(long value)
    {
        byte[] bytes = new byte[8];
        BinaryPrimitives.WriteInt64BigEndian(bytes, value);
        return bytes;
    }

    private static int Magnitude(long length) => Number(1, (ulong)length).Length - 1;

    private static byte[] Text(string text) => Bytes(3, Encoding.UTF8.GetBytes(text));

    private static byte[] Bytes(int kind, byte[] data) => [.. Number(kind, (ulong)data.Length), .. data];

    private static byte[] Number(int kind, ulong magnitude)
    {
        List<byte> digits = [];
        do
        {
            digits.Insert(0, (byte)magnitude);
            magnitude >>= 8;
        }
        while (magnitude != 0);
        return [(byte)((digits.Count << 3) | kind), .. digits];
    }

    private static byte[] Value(object? value)
    {
        switch (value)
        {
            case null:
                return [5];
            case long.MinValue:
                return [6];
            case long number:
                return number < 0 ? Number(0, (ulong)-number) : Number(1, (ulong)number);
            case double real:
                return [(byte)(real < 0 ? 7 : 2), .. BitConverter.GetBytes(real < 0 ? -real : real)];
            case string text:
                return Text(text);
            case RawText raw:
                return Bytes(3, raw.Bytes);
            default:
                return Bytes(4, (byte[])value);
        }
    }
}
