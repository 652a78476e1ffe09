namespace ChunkSync.Tests.Host;

/// <summary>A prepared statement that is bound and stepped without managed memory: whatever is counted around it belongs to the
/// engine.</summary>
internal sealed unsafe class BoundStatement : IDisposable
{
    private const nint Transient = -1;
    private const int Row = 100;
    private const int Done = 101;

    private readonly Database database;
    private readonly nint handle;

    public BoundStatement(Database database, string sql)
    {
        this.database = database;
        handle = database.Prepare(sql);
    }

    public BoundStatement Bind(int index, long value)
    {
        Check(NativeSqlite.BindInt64(handle, index, value));
        return this;
    }

    public BoundStatement Bind(int index, double value)
    {
        Check(NativeSqlite.BindDouble(handle, index, value));
        return this;
    }

    public BoundStatement BindText(int index, ReadOnlySpan<byte> utf8)
    {
        fixed (byte* bytes = utf8)
        {
            Check(NativeSqlite.BindText(handle, index, bytes, utf8.Length, Transient));
        }

        return this;
    }

    public BoundStatement BindBlob(int index, ReadOnlySpan<byte> data)
    {
        fixed (byte* bytes = data)
        {
            Check(NativeSqlite.BindBlob(handle, index, bytes, data.Length, Transient));
        }

        return this;
    }

    /// <summary>Steps once: true for a row, false at the end.</summary>
    public bool Step()
    {
        int code = NativeSqlite.Step(handle);
        return code == Row || (code == Done ? false : throw database.Failure(code));
    }

    /// <summary>Steps to the end, and makes the statement ready for the next use.</summary>
    /// <returns>The number of rows.</returns>
    public long Run()
    {
        long rows = 0;
        while (Step())
        {
            rows++;
        }

        Reset();
        return rows;
    }

    public void Reset() => _ = NativeSqlite.Reset(handle);

    public int ColumnCount => NativeSqlite.ColumnCount(handle);

    /// <summary>The storage class of a column: 1 INTEGER, 2 REAL, 3 TEXT, 4 BLOB, 5 NULL.</summary>
    public int Type(int column) => NativeSqlite.ColumnType(handle, column);

    public double Double(int column) => NativeSqlite.ColumnDouble(handle, column);

    /// <summary>The UTF-8 bytes of a column, valid until the next step or reset.</summary>
    public ReadOnlySpan<byte> Text(int column)
    {
        byte* data = NativeSqlite.ColumnText(handle, column);
        return new ReadOnlySpan<byte>(data, NativeSqlite.ColumnBytes(handle, column));
    }

    public long Int64(int column) => NativeSqlite.ColumnInt64(handle, column);

    /// <summary>The bytes of a column, valid until the next step or reset.</summary>
    public ReadOnlySpan<byte> Blob(int column)
    {
        byte* data = NativeSqlite.ColumnBlob(handle, column);
        return new ReadOnlySpan<byte>(data, NativeSqlite.ColumnBytes(handle, column));
    }

    public void Dispose() => _ = NativeSqlite.Finalize(handle);

    private void Check(int code)
    {
        if (code != 0)
        {
            throw database.Failure(code);
        }
    }
}
