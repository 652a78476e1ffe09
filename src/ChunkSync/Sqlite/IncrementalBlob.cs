using System.Text;

namespace ChunkSync.Sqlite;

/// <summary>One handle of incremental blob I/O, for reading a column of a rowid table without its statement. It is moved from row to row.</summary>
internal sealed unsafe class IncrementalBlob(Connection connection, string schema, string table, string column) : IDisposable
{
    private readonly byte[] schemaUtf8 = Encoding.UTF8.GetBytes(schema + "\0");
    private readonly byte[] tableUtf8 = Encoding.UTF8.GetBytes(table + "\0");
    private readonly byte[] columnUtf8 = Encoding.UTF8.GetBytes(column + "\0");
    private nint handle;

    /// <summary>The open value's length in bytes.</summary>
    public int Length => Sqlite3.Api->blob_bytes(handle);

    /// <summary>Goes to a row whose column is TEXT or BLOB.</summary>
    /// <exception cref="EngineException">SQLite's code and text.</exception>
    public void Open(long rowId)
    {
        if (handle != 0)
        {
            int moved = Sqlite3.Api->blob_reopen(handle, rowId);
            if (moved == ResultCode.Ok)
            {
                return;
            }

            EngineException failure = connection.Failure(moved);
            Close();
            throw failure;
        }

        nint opened = 0;
        fixed (byte* schemaName = schemaUtf8, tableName = tableUtf8, columnName = columnUtf8)
        {
            connection.Check(Sqlite3.Api->blob_open(connection.Handle, schemaName, tableName, columnName, rowId, 0, &opened));
        }

        handle = opened;
    }

    /// <summary>Copies bytes of the open value.</summary>
    /// <exception cref="EngineException">SQLITE_ABORT when the row was written meanwhile, or SQLite's code and text.</exception>
    public void Read(byte* target, int length, int offset)
    {
        int code = Sqlite3.Api->blob_read(handle, target, length, offset);
        if (code != ResultCode.Ok)
        {
            throw connection.Failure(code);
        }
    }

    /// <summary>Closes the handle; the next <see cref="Open"/> makes a new one.</summary>
    public void Close()
    {
        if (handle != 0)
        {
            _ = Sqlite3.Api->blob_close(handle);
            handle = 0;
        }
    }

    public void Dispose() => Close();
}
