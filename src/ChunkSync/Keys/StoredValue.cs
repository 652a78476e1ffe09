using ChunkSync.Format;
using ChunkSync.Sqlite;

namespace ChunkSync.Keys;

/// <summary>Values between SQLite and the wire: the one mapping of storage classes to <see cref="WireKind"/> and back.</summary>
internal static unsafe class StoredValue
{
    /// <summary>A column of the current row; its bytes are valid until the statement moves.</summary>
    public static WireValue Read(Statement statement, int column) => Read(statement.ColumnValue(column));

    /// <summary>A value; its bytes are valid until its statement moves, or until the callback that it is an argument of ends.</summary>
    public static WireValue Read(Value source)
    {
        WireValue value = default;
        switch (source.Type)
        {
            case StorageClass.Integer:
                value.Kind = WireKind.Integer;
                value.Integer = source.Int64;
                break;
            case StorageClass.Real:
                value.Kind = WireKind.Real;
                value.Real = source.Double;
                break;
            case StorageClass.Text:
                SetBytes(ref value, WireKind.Text, source.Text);
                break;
            case StorageClass.Blob:
                SetBytes(ref value, WireKind.Blob, source.Blob);
                break;
        }

        return value;
    }

    /// <summary>Binds a value without copying its bytes.</summary>
    public static void Bind(Statement statement, int index, in WireValue value)
    {
        switch (value.Kind)
        {
            case WireKind.Integer:
                statement.Bind(index, value.Integer);
                break;
            case WireKind.Real:
                statement.Bind(index, value.Real);
                break;
            case WireKind.Text:
                statement.BindStaticText(index, value.Data, value.Length);
                break;
            case WireKind.Blob:
                statement.BindStaticBlob(index, value.Data, value.Length);
                break;
            default:
                statement.BindNull(index);
                break;
        }
    }

    /// <summary>Binds a value; SQLite copies its bytes.</summary>
    public static void BindCopy(Statement statement, int index, in WireValue value)
    {
        switch (value.Kind)
        {
            case WireKind.Text:
                statement.BindText(index, value.Bytes);
                break;
            case WireKind.Blob:
                statement.BindBlob(index, value.Bytes);
                break;
            default:
                Bind(statement, index, value);
                break;
        }
    }

    /// <summary>Returns a value as a result; SQLite copies its bytes.</summary>
    public static void Return(nint context, in WireValue value)
    {
        switch (value.Kind)
        {
            case WireKind.Integer:
                Result.Int64(context, value.Integer);
                break;
            case WireKind.Real:
                Sqlite3.Api->result_double(context, value.Real);
                break;
            case WireKind.Text:
                Result.Text(context, value.Bytes);
                break;
            case WireKind.Blob:
                Result.Blob(context, value.Bytes);
                break;
            default:
                Result.Null(context);
                break;
        }
    }

    /// <summary>The address of bytes that do not move: SQLite's or our own native memory.</summary>
    public static byte* Address(ReadOnlySpan<byte> bytes) =>
        (byte*)System.Runtime.CompilerServices.Unsafe.AsPointer(ref System.Runtime.InteropServices.MemoryMarshal.GetReference(bytes));

    private static void SetBytes(ref WireValue value, WireKind kind, ReadOnlySpan<byte> bytes)
    {
        value.Kind = kind;
        value.Data = Address(bytes);
        value.Length = bytes.Length;
    }
}
