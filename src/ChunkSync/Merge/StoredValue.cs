using ChunkSync.Format;
using ChunkSync.Sqlite;

namespace ChunkSync.Merge;

/// <summary>Values of statements and arguments in the form that merges compare.</summary>
internal static unsafe class StoredValue
{
    /// <summary>A column of the current row; its bytes are valid until the statement moves.</summary>
    public static WireValue Read(Statement statement, int column)
    {
        WireValue value = default;
        switch (statement.Type(column))
        {
            case StorageClass.Integer:
                value.Kind = WireKind.Integer;
                value.Integer = statement.Int64(column);
                break;
            case StorageClass.Real:
                value.Kind = WireKind.Real;
                value.Real = statement.Double(column);
                break;
            case StorageClass.Text:
                SetBytes(ref value, WireKind.Text, statement.Text(column));
                break;
            case StorageClass.Blob:
                SetBytes(ref value, WireKind.Blob, statement.Blob(column));
                break;
        }

        return value;
    }

    /// <summary>An argument; its bytes are valid until the callback ends.</summary>
    public static WireValue Read(Value argument)
    {
        WireValue value = default;
        switch (argument.Type)
        {
            case StorageClass.Integer:
                value.Kind = WireKind.Integer;
                value.Integer = argument.Int64;
                break;
            case StorageClass.Real:
                value.Kind = WireKind.Real;
                value.Real = argument.Double;
                break;
            case StorageClass.Text:
                SetBytes(ref value, WireKind.Text, argument.Text);
                break;
            case StorageClass.Blob:
                SetBytes(ref value, WireKind.Blob, argument.Blob);
                break;
        }

        return value;
    }

    private static void SetBytes(ref WireValue value, WireKind kind, ReadOnlySpan<byte> bytes)
    {
        value.Kind = kind;
        value.Data = Address(bytes);
        value.Length = bytes.Length;
    }

    /// <summary>The address of bytes that do not move: SQLite's or our own native memory.</summary>
    public static byte* Address(ReadOnlySpan<byte> bytes) =>
        (byte*)System.Runtime.CompilerServices.Unsafe.AsPointer(ref System.Runtime.InteropServices.MemoryMarshal.GetReference(bytes));
}
