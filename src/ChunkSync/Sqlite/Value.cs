using System.Text;

namespace ChunkSync.Sqlite;

/// <summary>One <c>sqlite3_value*</c> that SQLite owns: an argument of a function or a constraint of a virtual table. Spans
/// live until the next conversion of the same value or the end of the callback.</summary>
internal readonly unsafe struct Value(nint handle)
{
    /// <summary>The longest text that becomes a string, in bytes; SQLite's own limit for a statement is a quarter of it.</summary>
    private const int MaxString = 4_000_000;

    private const int Shown = 40;

    public nint Handle { get; } = handle;

    /// <summary>One of <see cref="StorageClass"/>.</summary>
    public int Type => Sqlite3.Api->value_type(Handle);

    public bool IsNull => Type == StorageClass.Null;

    /// <summary>Whether it is the value of an argument or an input that is there and not NULL.</summary>
    public bool IsGiven => Handle != 0 && !IsNull;

    /// <summary>SQLite's conversion to a 64-bit integer.</summary>
    public long Int64 => Sqlite3.Api->value_int64(Handle);

    public double Double => Sqlite3.Api->value_double(Handle);

    /// <summary>The octets of a TEXT in UTF-8 or of a BLOB.</summary>
    public int Length => Sqlite3.Api->value_bytes(Handle);

    /// <summary>The bytes of a BLOB, or SQLite's conversion to one.</summary>
    public ReadOnlySpan<byte> Blob
    {
        get
        {
            byte* data = Sqlite3.Api->value_blob(Handle);
            return data == null ? default : new ReadOnlySpan<byte>(data, Sqlite3.Api->value_bytes(Handle));
        }
    }

    /// <summary>The UTF-8 bytes of a TEXT, or SQLite's conversion to one; embedded NULs included.</summary>
    public ReadOnlySpan<byte> Text
    {
        get
        {
            byte* data = Sqlite3.Api->value_text(Handle);
            return data == null ? default : new ReadOnlySpan<byte>(data, Sqlite3.Api->value_bytes(Handle));
        }
    }

    /// <summary>The text as a string. What is read so are names, expressions and options, which are short; data never becomes a string.</summary>
    /// <exception cref="EngineException">It has a NUL character: cut there it would name something else. Or SQLITE_TOOBIG: managed memory is small, and is not for
    /// the host to fill.</exception>
    public string String
    {
        get
        {
            ReadOnlySpan<byte> text = Text;
            return text.Contains((byte)0) ? throw Errors.NulInName(text)
                : text.Length <= MaxString
                ? Encoding.UTF8.GetString(text)
                : throw new EngineException(ResultCode.TooBig, $"a text of {text.Length} bytes begins with '{Encoding.UTF8.GetString(text[..Shown])}…': a name,"
                    + $" an expression or an option has at most {MaxString}");
        }
    }
}
