using System.Text;

namespace ChunkSync.Sqlite;

/// <summary>Results that need more than one line: copied and handed-over bytes. A null address would be SQL NULL, so empty
/// values get a dummy one.</summary>
internal static unsafe class Result
{
    private const nint Transient = -1;
    private const byte Utf8 = 1;

    public static void Text(nint context, ReadOnlySpan<byte> utf8)
    {
        byte none = 0;
        fixed (byte* bytes = utf8)
        {
            Sqlite3.Api->result_text64(context, utf8.IsEmpty ? &none : bytes, (ulong)utf8.Length, Transient, Utf8);
        }
    }

    /// <summary>A text; null is SQL NULL.</summary>
    public static void Text(nint context, string? text)
    {
        if (text == null)
        {
            Null(context);
        }
        else
        {
            Text(context, Encoding.UTF8.GetBytes(text));
        }
    }

    /// <summary>A cell of a row that was read before: a number, a text, bytes or null.</summary>
    public static void Cell(nint context, object? value)
    {
        switch (value)
        {
            case long number:
                Int64(context, number);
                break;
            case byte[] bytes:
                Blob(context, bytes);
                break;
            default:
                Text(context, (string?)value);
                break;
        }
    }

    public static void Blob(nint context, ReadOnlySpan<byte> data)
    {
        byte none = 0;
        fixed (byte* bytes = data)
        {
            Sqlite3.Api->result_blob64(context, data.IsEmpty ? &none : bytes, (ulong)data.Length, Transient);
        }
    }

    /// <summary>Hands memory of <see cref="Sqlite3.Allocate"/> over to SQLite, which frees it: no copy.</summary>
    public static void OwnedBlob(nint context, byte* memory, long length) =>
        Sqlite3.Api->result_blob64(context, memory, (ulong)length, Sqlite3.FreeAddress);

    /// <summary>Like <see cref="OwnedBlob"/>, for UTF-8 text.</summary>
    public static void OwnedText(nint context, byte* memory, long length) =>
        Sqlite3.Api->result_text64(context, memory, (ulong)length, Sqlite3.FreeAddress, Utf8);

    public static void Int64(nint context, long value) => Sqlite3.Api->result_int64(context, value);

    public static void Null(nint context) => Sqlite3.Api->result_null(context);
}
