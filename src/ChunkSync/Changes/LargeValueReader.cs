using System.Text;
using ChunkSync.Sqlite;

namespace ChunkSync.Changes;

/// <summary>Reads TEXT and BLOB values of one rowid table in pieces, by incremental blob I/O: sizes and parts are known without
/// loading the value. One handle is kept open for the length of a scan.</summary>
internal sealed unsafe class LargeValueReader(Connection connection, LargeValueCache large, string table) : IDisposable
{
    /// <summary>A read this far behind what was read before has to walk the overflow chain: then it reads ahead.</summary>
    private const int JumpLength = 1024 * 1024;

    private readonly byte[] tableUtf8 = Encoding.UTF8.GetBytes(table + "\0");

    /// <summary>Zero-terminated column names: rows with several long values open one after the other.</summary>
    private readonly Dictionary<string, byte[]> columnsUtf8 = [];
    private nint blob;
    private string? column;
    private long rowId;
    private long reached;

    /// <summary>The open value's length in bytes.</summary>
    public long Length { get; private set; }

    /// <summary>Opens a value; it is known to exist and to be TEXT or BLOB.</summary>
    /// <returns>False when it is not stored in the row: the row is older than the column, and shows its DEFAULT, for which there is no
    /// incremental I/O.</returns>
    public bool TryOpen(string valueColumn, long valueRowId)
    {
        if (blob != 0 && column == valueColumn && rowId == valueRowId)
        {
            return true;
        }

        int code;
        if (blob != 0 && column == valueColumn)
        {
            code = Sqlite3.Api->blob_reopen(blob, valueRowId);
        }
        else
        {
            Close();
            code = OpenHandle(valueColumn, valueRowId);
        }

        if (code != ResultCode.Ok)
        {
            EngineException failure = connection.Failure(code);
            Close();
            return ResultCode.Primary(code) == ResultCode.Error ? false : throw failure;
        }

        column = valueColumn;
        rowId = valueRowId;
        reached = 0;
        Length = Sqlite3.Api->blob_bytes(blob);
        return true;
    }

    /// <summary>Copies bytes of the open value.</summary>
    public void Read(long offset, byte* target, int count)
    {
        LargeValueCache cache = large;
        if (offset > reached + JumpLength)
        {
            cache.Select(table, column!, rowId, Length);
            int there = cache.Copy(offset, target, count);
            if (there == count)
            {
                return;
            }

            // A part that begins inside of the window and ends behind it: no byte is read twice.
            offset += there;
            target += there;
            count -= there;
            if (count <= LargeValueCache.WindowLength)
            {
                byte* window = cache.OpenWindow(offset, out int windowLength);
                FillWindow(cache, window, windowLength, offset);
                Buffer.MemoryCopy(window, target, count, count);
                reached = offset + windowLength;
                return;
            }
        }

        ReadDirectly(offset, target, count);
        reached = Math.Max(reached, offset + count);
    }

    /// <summary>The checksum that an earlier page of the same value left behind.</summary>
    public bool TryRecallChecksum(out ulong checksum)
    {
        large.Select(table, column!, rowId, Length);
        return large.TryChecksum(out checksum);
    }

    /// <summary>Leaves the checksum for the value's later pages.</summary>
    public void RememberChecksum(ulong checksum)
    {
        large.Select(table, column!, rowId, Length);
        large.StoreChecksum(checksum);
    }

    /// <summary>Closes the handle.</summary>
    public void Close()
    {
        if (blob != 0)
        {
            _ = Sqlite3.Api->blob_close(blob);
            blob = 0;
            column = null;
        }
    }

    public void Dispose() => Close();

    private void FillWindow(LargeValueCache cache, byte* window, int windowLength, long offset)
    {
        try
        {
            ReadDirectly(offset, window, windowLength);
        }
        catch (EngineException)
        {
            cache.CloseWindow();
            throw;
        }
    }

    private int OpenHandle(string valueColumn, long valueRowId)
    {
        if (!columnsUtf8.TryGetValue(valueColumn, out byte[]? columnUtf8))
        {
            columnUtf8 = Encoding.UTF8.GetBytes(valueColumn + "\0");
            columnsUtf8.Add(valueColumn, columnUtf8);
        }

        fixed (byte* main = "main\0"u8)
        fixed (byte* name = tableUtf8)
        fixed (byte* columnName = columnUtf8)
        {
            nint handle = 0;
            int code = Sqlite3.Api->blob_open(connection.Handle, main, name, columnName, valueRowId, 0, &handle);
            blob = handle;
            return code;
        }
    }

    private void ReadDirectly(long offset, byte* target, int count)
    {
        int code = Sqlite3.Api->blob_read(blob, target, count, (int)offset);
        if (code == ResultCode.Abort)
        {
            string name = column!;
            Close();
            throw Errors.Aborted($"a value of {table}.{name} was written while a scan was inside of it; start the scan again");
        }

        connection.Check(code);
    }
}
