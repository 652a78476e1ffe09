using System.Text;
using ChunkSync.Format;
using ChunkSync.Probe;
using ChunkSync.Sqlite;

namespace ChunkSync.Tests.Probe;

/// <summary>A chunk of a test: its rows, and the payload made of them.</summary>
internal sealed unsafe class NaiveChunk
{
    private static readonly string[] Tables = ["items", "Items", "notes", "a", ""];

    public required long Ordinal { get; init; }

    public required List<NaiveRow> Rows { get; init; }

    public required byte Version { get; init; }

    public required ulong Schema { get; init; }

    public required byte[] Payload { get; init; }

    public long BodySize => Rows.Sum(row => (long)row.Encoded.Length);

    /// <summary>A chain of several senders, versions, schema hashes, ties, repeats and empty chunks.</summary>
    /// <param name="random">The random numbers.</param>
    /// <param name="ordered">Whether no chunk begins before an earlier one ends.</param>
    public static List<NaiveChunk> RandomChain(Random random, bool ordered)
    {
        List<NaiveChunk> chain = [];
        long ordinal = random.Next(4) == 0 ? long.MinValue : random.Next(-3, 3);
        long version = 0;
        for (int i = random.Next(9); i > 0; i--)
        {
            byte kind = random.Next(8) switch { 0 => ContainerHeader.LegacyVersion, 1 => ContainerHeader.FragmentVersion, _ => (byte)2 };
            List<NaiveRow> rows = [];
            NaiveRow? last = null;
            for (int row = random.Next(10); row > 0; row--)
            {
                version += ordered && random.Next(3) == 0 ? 1 : 0;
                NaiveRow made = RandomRow(random, ordered ? version : random.Next(6), ordered ? 0 : null, kind == ContainerHeader.FragmentVersion);
                rows.Add(last != null && random.Next(3) == 0 && !ordered ? last : made);
                last = rows[^1];
            }

            ulong schema = random.Next(5) == 0 ? 7UL : 5UL;
            NaiveChunk chunk = new()
            {
                Ordinal = ordinal,
                Rows = rows,
                Version = kind,
                Schema = schema,
                Payload = MakePayload(rows, kind, schema, random.Next(2) == 0),
            };
            chain.Add(chunk);
            ordinal += random.Next(1, 4);
        }

        return chain;
    }

    public static NaiveRow RandomRow(Random random, long dbVersion, long? seq = null, bool isFragment = false)
    {
        string table = Tables[random.Next(Tables.Length)];
        byte[] key = [1, 0x0B, (byte)random.Next(1, 3), .. Enumerable.Range(0, random.Next(3)).Select(_ => (byte)random.Next(97, 100))];
        byte[] site = [.. Enumerable.Repeat((byte)random.Next(1, 4), random.Next(5) == 0 ? 0 : 16)];
        Position position = new(dbVersion, seq ?? random.Next(3));
        using NativeBuffer bytes = new();
        Write(bytes, ValueCodec.Text, Encoding.UTF8.GetBytes(table));
        Write(bytes, ValueCodec.Blob, key);
        string column = isFragment ? $"__cloudsync_frag_v1__:{random.Next(3):x32}:{random.Next():x16}:{random.Next(3)}:3:90:col" : "col";
        Write(bytes, ValueCodec.Text, Encoding.UTF8.GetBytes(column));
        switch (random.Next(4))
        {
            case 0:
                bytes.Append([ValueCodec.Null]);
                break;
            case 1:
                Write(bytes, random.NextInt64());
                break;
            default:
                Write(bytes, ValueCodec.Blob, new byte[random.Next(40)]);
                break;
        }

        Write(bytes, 1);
        // Now and then with more bytes than needed: rows come out as they are written.
        if (random.Next(6) == 0 && dbVersion >= 0)
        {
            bytes.Append([(3 << 3) | ValueCodec.Integer, 0, 0, (byte)dbVersion]);
            position = position with { DbVersion = (byte)dbVersion };
        }
        else
        {
            Write(bytes, dbVersion);
        }

        Write(bytes, ValueCodec.Blob, site);
        Write(bytes, 1);
        Write(bytes, position.Seq);
        return new NaiveRow(table, key, position, site, bytes.Bytes.ToArray());
    }

    public static byte[] MakePayload(List<NaiveRow> rows, byte version, ulong schema, bool compress)
    {
        byte[] body = [.. rows.SelectMany(row => row.Encoded)];
        byte[] payload = new byte[ContainerHeader.Length + Lz4.Bound(body.Length)];
        fixed (byte* target = payload, source = body.Length == 0 ? new byte[1] : body)
        {
            long length = PayloadContainer.Finish(
                target, source, body.Length, version, ChangeRowCodec.Columns, (uint)rows.Count, schema, compress);
            return payload[..(int)length];
        }
    }

    private static void Write(NativeBuffer bytes, int kind, ReadOnlySpan<byte> data)
    {
        fixed (byte* source = data)
        {
            bytes.Commit(ValueCodec.WriteBytes(bytes.Reserve(ValueCodec.MaxHeader + (long)data.Length), kind, source, data.Length));
        }
    }

    private static void Write(NativeBuffer bytes, long number) =>
        bytes.Commit(ValueCodec.WriteInteger(bytes.Reserve(ValueCodec.MaxHeader), number));
}
