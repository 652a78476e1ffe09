using System.Text;

namespace ChunkSync.Sqlite;

/// <summary>One call of an SQL function: its arguments and the place of its result. Lives on the stack of the callback.</summary>
internal readonly unsafe ref struct Call(nint context, int count, nint* arguments, object state)
{
    /// <summary>The <c>sqlite3_context*</c>.</summary>
    public nint Context { get; } = context;

    /// <summary>The number of arguments.</summary>
    public int Count { get; } = count;

    /// <summary>The object that was given at registration.</summary>
    public object State { get; } = state;

    /// <summary>The arguments as SQLite handed them over.</summary>
    public nint* Arguments { get; } = arguments;

    public Value this[int index] => new(Arguments[index]);

    public void Return(long value) => Sqlite3.Api->result_int64(Context, value);

    public void Return(double value) => Sqlite3.Api->result_double(Context, value);

    public void ReturnNull() => Sqlite3.Api->result_null(Context);

    public void Return(Value value) => Sqlite3.Api->result_value(Context, value.Handle);

    public void Return(string text)
    {
        Span<byte> buffer = stackalloc byte[256];
        ReturnText(Encoding.UTF8.GetByteCount(text) <= buffer.Length
            ? buffer[..Encoding.UTF8.GetBytes(text, buffer)]
            : Encoding.UTF8.GetBytes(text));
    }

    /// <summary>Returns a TEXT; SQLite copies the UTF-8 bytes.</summary>
    public void ReturnText(ReadOnlySpan<byte> utf8) => Result.Text(Context, utf8);

    /// <summary>Returns a BLOB; SQLite copies the bytes.</summary>
    public void ReturnBlob(ReadOnlySpan<byte> bytes) => Result.Blob(Context, bytes);
}
