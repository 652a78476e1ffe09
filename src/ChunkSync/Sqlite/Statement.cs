using System.Text;
using ChunkSync.Format;

namespace ChunkSync.Sqlite;

/// <summary>A prepared statement that prepares itself at first use and again after <see cref="Release"/>. The connection knows
/// all of its statements, so that closing it releases them without any call before it. Use, reset and reuse allocate nothing.</summary>
/// <remarks>Columns are read through <c>sqlite3_column_value</c>, whose values SQLite calls unprotected: reading them takes no mutex.
/// That is safe because this thread holds the connection's mutex: the engine only runs inside callbacks of the connection.</remarks>
internal sealed unsafe class Statement : IDisposable
{
    private const uint PreparePersistent = 1;
    private const nint Static = 0;
    private const nint Transient = -1;
    private const byte Utf8 = 1;

    /// <summary>The longest text that is encoded on the stack, in bytes.</summary>
    private const int ShortText = 128;

    private readonly Connection connection;
    private readonly byte[] sql;
    private readonly bool lastingBindings;
    private nint handle;
    private HeldNumbers? held;

    /// <summary>Whether the connection knows that something is bound here that is gone when the host's call ends.</summary>
    private bool isBorrowing;

    /// <summary>Whether the next reset finalizes it.</summary>
    private bool releasesWhenIdle;

    /// <summary>The row's <c>sqlite3_value*</c> by column. A program has its result in the same registers at every row, so the
    /// addresses are looked up once; the first one is compared at every step.</summary>
    private nint[] values = [];
    private nint firstValue;

    /// <summary>Whether every row of a run has its result in the same registers, and whether they were looked up in this one.</summary>
    private bool walks;
    private bool hasValues;

    internal Statement(Connection connection, byte[] sql, bool lastingBindings)
    {
        this.connection = connection;
        this.lastingBindings = lastingBindings;
        this.sql = sql;
    }

    /// <summary>The statement's text.</summary>
    public string Sql => Encoding.UTF8.GetString(sql);

    /// <summary>The prepared <c>sqlite3_stmt*</c>.</summary>
    public nint Handle => handle != 0 ? handle : Prepare();

    /// <summary>Says that it walks over one table, with one place in its program that gives rows: where their values are is looked up once per run.
    /// SQLite prepares a statement anew only before its first row.</summary>
    public Statement Walks()
    {
        walks = true;
        return this;
    }

    /// <summary>True while the statement has been stepped and not reset.</summary>
    public bool IsBusy => handle != 0 && Sqlite3.Api->stmt_busy(handle) != 0;

    /// <summary>Steps a statement that reads once: true for a row, false at the end.</summary>
    /// <exception cref="EngineException">SQLite's code and text; the statement has been reset.</exception>
    public bool Step()
    {
        int code = TryStep();
        if (code is ResultCode.Row or ResultCode.Done)
        {
            return code == ResultCode.Row;
        }

        EngineException failure = Failure(code);
        Reset();
        throw failure;
    }

    /// <summary>Steps a statement that reads once and returns SQLite's code, for callers that expect failures.</summary>
    public int TryStep()
    {
        int code = Sqlite3.Api->step(Handle);
        if (code == ResultCode.Row && !hasValues)
        {
            nint first = Sqlite3.Api->column_value(handle, 0);
            if (first != firstValue)
            {
                FindValues(first);
            }

            hasValues = walks;
        }

        return code;
    }

    /// <summary>Runs a statement that writes, to its end, and resets it.</summary>
    /// <exception cref="EngineException">SQLite's code and text; the statement has been reset.</exception>
    public void Run()
    {
        int code = TryRun();
        if (code == ResultCode.Done)
        {
            Reset();
            return;
        }

        EngineException failure = Failure(code);
        Reset();
        throw failure;
    }

    /// <summary>Runs a statement that writes, to its end, and returns SQLite's code: SQLITE_DONE, or the failure's. Under
    /// <c>PRAGMA count_changes</c> SQLite gives every INSERT, UPDATE and DELETE a row, the number of rows that it wrote; that is no
    /// data and not the end.</summary>
    public int TryRun()
    {
        int code;
        do
        {
            code = Sqlite3.Api->step(Handle);
        }
        while (code == ResultCode.Row);

        return code;
    }

    /// <summary>The failure that the connection reports for a step of this statement.</summary>
    public EngineException Failure(int code) => connection.Failure(code, Sql);

    /// <summary>Makes the statement ready for the next use. The code only repeats what the last step said.</summary>
    public void Reset()
    {
        hasValues = false;
        if (releasesWhenIdle)
        {
            Release();
        }
        else if (handle != 0)
        {
            _ = Sqlite3.Api->reset(handle);
        }
    }

    public Statement Bind(int index, long value)
    {
        connection.Check(Sqlite3.Api->bind_int64(Handle, index, value));
        return this;
    }

    /// <summary>Parameters whose values are often those of the row before.</summary>
    public HeldNumbers Held => held ??= new HeldNumbers(this);

    public Statement Bind(int index, double value)
    {
        connection.Check(Sqlite3.Api->bind_double(Handle, index, value));
        return this;
    }

    public Statement BindNull(int index)
    {
        connection.Check(Sqlite3.Api->bind_null(Handle, index));
        return this;
    }

    public Statement Bind(int index, Value value)
    {
        connection.Check(Sqlite3.Api->bind_value(Handle, index, value.Handle));
        return this;
    }

    /// <summary>Binds a TEXT; names and keys of settings take no managed memory.</summary>
    public Statement Bind(int index, string text)
    {
        Span<byte> buffer = stackalloc byte[ShortText];
        return BindText(index, Encoding.UTF8.TryGetBytes(text, buffer, out int length) ? buffer[..length] : Encoding.UTF8.GetBytes(text));
    }

    /// <summary>Binds a TEXT; SQLite copies the bytes.</summary>
    public Statement BindText(int index, ReadOnlySpan<byte> utf8)
    {
        byte none = 0;
        fixed (byte* bytes = utf8)
        {
            connection.Check(Sqlite3.Api->bind_text64(
                Handle, index, utf8.IsEmpty ? &none : bytes, (ulong)utf8.Length, Transient, Utf8));
        }

        return this;
    }

    /// <summary>Binds a TEXT in any encoding; SQLite copies the bytes.</summary>
    /// <param name="index">The parameter, from 1.</param>
    /// <param name="text">The bytes.</param>
    /// <param name="encoding">1 for UTF-8, 2 for UTF-16 little endian, 3 for big endian.</param>
    public Statement BindText(int index, ReadOnlySpan<byte> text, byte encoding)
    {
        ulong none = 0;
        fixed (byte* bytes = text)
        {
            connection.Check(Sqlite3.Api->bind_text64(
                Handle, index, text.IsEmpty ? (byte*)&none : bytes, (ulong)text.Length, Transient, encoding));
        }

        return this;
    }

    /// <summary>Binds a BLOB; SQLite copies the bytes.</summary>
    public Statement BindBlob(int index, ReadOnlySpan<byte> data)
    {
        byte none = 0;
        fixed (byte* bytes = data)
        {
            connection.Check(Sqlite3.Api->bind_blob64(
                Handle, index, data.IsEmpty ? &none : bytes, (ulong)data.Length, Transient));
        }

        return this;
    }

    /// <inheritdoc cref="BindStaticBlob(int, byte*, long)"/>
    public Statement BindStaticBlob(int index, NativeBytes bytes) => BindStaticBlob(index, bytes.Data, bytes.Length);

    /// <summary>Binds a BLOB in native memory without a copy: it must stay in place until the host's call ends, when the connection
    /// takes it back (<see cref="Connection.Leave"/>): a host may look at what is bound to idle statements of ours. Where
    /// bindings last (see <see cref="Connection.Prepare(string, bool)"/>) it must stay until they are cleared or bound again.</summary>
    public Statement BindStaticBlob(int index, byte* data, long length)
    {
        byte none = 0;
        Borrow();
        connection.Check(length == 0
            ? Sqlite3.Api->bind_blob64(Handle, index, &none, 0, Transient)
            : Sqlite3.Api->bind_blob64(Handle, index, data, (ulong)length, Static));
        return this;
    }

    /// <summary>Binds a TEXT in native memory without a copy; see <see cref="BindStaticBlob(int, byte*, long)"/>.</summary>
    public Statement BindStaticText(int index, byte* utf8, long length)
    {
        byte none = 0;
        Borrow();
        connection.Check(length == 0
            ? Sqlite3.Api->bind_text64(Handle, index, &none, 0, Transient, Utf8)
            : Sqlite3.Api->bind_text64(Handle, index, utf8, (ulong)length, Static, Utf8));
        return this;
    }

    /// <summary>How often what was bound went: cleared, or with the statement that it was bound to. Who leaves values bound compares it.</summary>
    public int Unbound { get; private set; }

    /// <summary>Sets all parameters to NULL.</summary>
    public void ClearBindings()
    {
        Unbound++;
        _ = handle != 0 ? Sqlite3.Api->clear_bindings(handle) : ResultCode.Ok;
    }

    /// <summary>Clears the statement if its bindings last and it does not run.</summary>
    internal void ClearLastingBindings()
    {
        if (lastingBindings && !IsBusy)
        {
            ClearBindings();
        }
    }

    /// <summary>Gives back the memory that was bound without a copy; false while the statement still runs.</summary>
    internal bool TryEndLoan()
    {
        if (IsBusy)
        {
            return false;
        }

        ClearBindings();
        isBorrowing = false;
        return true;
    }

    public int ColumnCount => Sqlite3.Api->column_count(Handle);

    public int Type(int column) => Sqlite3.Api->value_type(values[column]);

    public bool IsNull(int column) => Type(column) == StorageClass.Null;

    public long Int64(int column) => Sqlite3.Api->value_int64(values[column]);

    public double Double(int column) => Sqlite3.Api->value_double(values[column]);

    /// <summary>The bytes of a BLOB column, valid until the next step, reset or conversion.</summary>
    public ReadOnlySpan<byte> Blob(int column)
    {
        byte* data = Sqlite3.Api->value_blob(values[column]);
        return data == null ? default : new ReadOnlySpan<byte>(data, Sqlite3.Api->value_bytes(values[column]));
    }

    /// <summary>The UTF-8 bytes of a TEXT column, valid until the next step, reset or conversion.</summary>
    public ReadOnlySpan<byte> Text(int column)
    {
        byte* data = Sqlite3.Api->value_text(values[column]);
        return data == null ? default : new ReadOnlySpan<byte>(data, Sqlite3.Api->value_bytes(values[column]));
    }

    /// <summary>A TEXT column as a string; empty for NULL.</summary>
    public string String(int column) => Encoding.UTF8.GetString(Text(column));

    /// <summary>The column as an unprotected <c>sqlite3_value</c>: only to be bound or returned.</summary>
    public Value ColumnValue(int column) => new(values[column]);

    /// <summary>Finalizes the prepared form; the next use prepares it again.</summary>
    public void Release()
    {
        if (handle != 0)
        {
            // Finalizing can disconnect a table of ours, and that comes back here.
            nint released = handle;
            handle = 0;
            firstValue = 0;
            hasValues = false;
            releasesWhenIdle = false;
            _ = Sqlite3.Api->finalize(released);
        }
    }

    /// <summary>Prepares it again. Where that fails the statement is as it was: it may still do what it is kept for.</summary>
    public void Renew()
    {
        nint old = handle;
        Prepare();
        firstValue = 0;
        _ = Sqlite3.Api->finalize(old);
    }

    /// <summary>Finalizes it now, or where it runs, when that has ended: a scan that is open goes on.</summary>
    public void ReleaseWhenIdle()
    {
        if (IsBusy)
        {
            releasesWhenIdle = true;
        }
        else
        {
            Release();
        }
    }

    /// <summary>Releases the statement and takes it off the connection.</summary>
    public void Dispose()
    {
        Release();
        connection.Forget(this);
    }

    /// <summary>Before the first such binding, so that none goes unnoticed whatever fails.</summary>
    private void Borrow()
    {
        if (!isBorrowing && !lastingBindings)
        {
            connection.Borrows(this);
            isBorrowing = true;
        }
    }

    private void FindValues(nint first)
    {
        int count = ColumnCount;
        if (values.Length != count)
        {
            values = new nint[count];
        }

        for (int i = 0; i < count; i++)
        {
            values[i] = Sqlite3.Api->column_value(handle, i);
        }

        firstValue = first;
    }

    private nint Prepare()
    {
        connection.BeforePrepare();
        nint prepared = 0;
        fixed (byte* text = sql)
        {
            int code = Sqlite3.Api->prepare_v3(connection.Handle, text, sql.Length, PreparePersistent, &prepared, null);
            if (code != ResultCode.Ok)
            {
                throw Failure(code);
            }
        }

        Unbound++;
        handle = prepared;
        return prepared;
    }
}
