using System.Runtime.InteropServices;

namespace ChunkSync.Bench.Worker;

/// <summary>A prepared statement of a benchmark; binding and reading allocate nothing.</summary>
internal sealed unsafe class BenchStatement(BenchDatabase database, nint handle) : IDisposable
{
    /// <summary>The <c>sqlite3_stmt*</c>.</summary>
    public nint Handle => handle;

    public BenchStatement Bind(int index, long value)
    {
        _ = Native.BindInt64(handle, index, value);
        return this;
    }

    /// <summary>Binds text that stays in place.</summary>
    public BenchStatement BindText(int index, byte* text, int length)
    {
        _ = Native.BindText(handle, index, text, length, 0);
        return this;
    }

    /// <summary>Binds a blob that stays in place.</summary>
    public BenchStatement BindBlob(int index, byte* data, int length)
    {
        _ = Native.BindBlob(handle, index, data, length, 0);
        return this;
    }

    /// <summary>Binds a copy of a value.</summary>
    public BenchStatement BindValue(int index, nint value)
    {
        _ = Native.BindValue(handle, index, value);
        return this;
    }

    /// <summary>Goes to the next row; false at the end.</summary>
    public bool Step()
    {
        int code = Native.Step(handle);
        return code == Native.Row || (code == Native.Done ? false : throw database.Failure());
    }

    /// <summary>Runs to the end and makes ready for the next run.</summary>
    public void Run()
    {
        while (Step())
        {
        }

        _ = Native.Reset(handle);
    }

    public void Reset() => _ = Native.Reset(handle);

    public long Int64(int column) => Native.ColumnInt64(handle, column);

    public ReadOnlySpan<byte> Blob(int column)
    {
        byte* data = Native.ColumnBlob(handle, column);
        return new ReadOnlySpan<byte>(data, Native.ColumnBytes(handle, column));
    }

    public string Text(int column) => Marshal.PtrToStringUTF8((nint)Native.ColumnText(handle, column)) ?? "";

    public void Dispose() => _ = Native.Finalize(handle);
}
