using System.Buffers.Binary;
using ChunkSync.Sqlite;

namespace ChunkSync.Backfill;

/// <summary>Cuts as bytes: a side (0 before, 1 after), the number of values, and each value as its storage class, the length of its bytes
/// and the bytes: INTEGER and REAL eight, big-endian, TEXT in the database's encoding.</summary>
internal static unsafe class CutFormat
{
    private const int HeaderSize = 2;
    private const int ValueHeaderSize = 5;
    private const int NumberSize = 8;

    /// <summary>Appends a cut; an open one is a side of 2 and no values.</summary>
    public static void Append(NativeBuffer buffer, Cut? cut)
    {
        Span<byte> header = stackalloc byte[ValueHeaderSize];
        header[0] = (byte)(cut == null ? 2 : cut.IsAfter ? 1 : 0);
        header[1] = (byte)(cut?.Length ?? 0);
        buffer.Append(header[..HeaderSize]);
        Span<byte> number = stackalloc byte[NumberSize];
        for (int i = 0; i < (cut?.Length ?? 0); i++)
        {
            Value value = cut!.Values[i];
            scoped ReadOnlySpan<byte> bytes = default;
            switch (value.Type)
            {
                case StorageClass.Null:
                    break;
                case StorageClass.Integer:
                    BinaryPrimitives.WriteInt64BigEndian(number, value.Int64);
                    bytes = number;
                    break;
                case StorageClass.Real:
                    BinaryPrimitives.WriteDoubleBigEndian(number, value.Double);
                    bytes = number;
                    break;
                default:
                    bytes = value.Blob;
                    break;
            }

            header[0] = (byte)value.Type;
            BinaryPrimitives.WriteInt32BigEndian(header[1..], bytes.Length);
            buffer.Append(header);
            buffer.Append(bytes);
        }
    }

    /// <summary>A cut's bytes.</summary>
    public static byte[] Bytes(Cut cut)
    {
        using NativeBuffer buffer = new();
        Append(buffer, cut);
        return buffer.Bytes.ToArray();
    }

    /// <summary>Reads a cut that takes all of the bytes; null for anything else.</summary>
    /// <param name="data">The bytes.</param>
    /// <param name="key">The order.</param>
    /// <param name="connection">Makes the values.</param>
    public static Cut? TryRead(ReadOnlySpan<byte> data, PlanKey key, Connection connection)
    {
        if (data.Length < HeaderSize || data[0] > 1 || data[1] < 1 || data[1] > key.Columns.Count)
        {
            return null;
        }

        bool isAfter = data[0] == 1;
        int count = data[1];
        string list = "";
        List<(int Type, int Start, int Length)> values = [];
        int at = HeaderSize;
        for (int i = 0; i < count; i++)
        {
            if (data.Length - at < ValueHeaderSize)
            {
                return null;
            }

            int type = data[at];
            int length = BinaryPrimitives.ReadInt32BigEndian(data[(at + 1)..]);
            at += ValueHeaderSize;
            if (length < 0 || length > data.Length - at || !IsValue(type, data.Slice(at, length)))
            {
                return null;
            }

            values.Add((type, at, length));
            list += (i > 0 ? ", ?" : "?") + (i + 1);
            at += length;
        }

        if (at != data.Length)
        {
            return null;
        }

        using Statement select = connection.Prepare("SELECT " + list);
        for (int i = 0; i < count; i++)
        {
            Bind(select, i + 1, values[i].Type, data.Slice(values[i].Start, values[i].Length), key.EncodingNumber);
        }

        select.Step();
        return new Cut(KeyTuple.Of(select, count), isAfter);
    }

    private static bool IsValue(int type, ReadOnlySpan<byte> bytes) => type switch
    {
        StorageClass.Null => bytes.IsEmpty,
        StorageClass.Integer => bytes.Length == NumberSize,
        StorageClass.Real => bytes.Length == NumberSize && !double.IsNaN(BinaryPrimitives.ReadDoubleBigEndian(bytes)),
        StorageClass.Text or StorageClass.Blob => true,
        _ => false,
    };

    private static void Bind(Statement select, int parameter, int type, ReadOnlySpan<byte> bytes, byte encoding)
    {
        switch (type)
        {
            case StorageClass.Null:
                select.BindNull(parameter);
                break;
            case StorageClass.Integer:
                select.Bind(parameter, BinaryPrimitives.ReadInt64BigEndian(bytes));
                break;
            case StorageClass.Real:
                select.Bind(parameter, BinaryPrimitives.ReadDoubleBigEndian(bytes));
                break;
            case StorageClass.Text:
                select.BindText(parameter, bytes, encoding);
                break;
            default:
                select.BindBlob(parameter, bytes);
                break;
        }
    }
}
