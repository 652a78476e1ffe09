using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace ChunkSync.Sqlite;

/// <summary>What SQLite calls of a virtual table's cursor, in the order of its life: filter, step, column, close.</summary>
internal static unsafe class CursorCallbacks
{
    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    public static int Filter(NativeVirtualCursor* native, int number, byte* text, int count, nint* arguments)
    {
        Connection connection = native->Table->State->Target.Connection;
        try
        {
            connection.Enter();
            native->Cursor.Filter(number, text, count, arguments);
            return ResultCode.Ok;
        }
        catch (Exception failure)
        {
            return Guard.Message(&native->Table->ErrorMessage, failure, native->Table->Table.ModuleName);
        }
        finally
        {
            connection.Leave();
        }
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    public static int Next(NativeVirtualCursor* native)
    {
        Connection connection = native->Table->State->Target.Connection;
        try
        {
            connection.Enter();
            native->Cursor.Next();
            return ResultCode.Ok;
        }
        catch (Exception failure)
        {
            return Guard.Message(&native->Table->ErrorMessage, failure, native->Table->Table.ModuleName);
        }
        finally
        {
            connection.Leave();
        }
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    public static int Eof(NativeVirtualCursor* native)
    {
        try
        {
            return native->Cursor.Eof ? 1 : 0;
        }
        catch (Exception failure)
        {
            _ = Guard.Message(&native->Table->ErrorMessage, failure, native->Table->Table.ModuleName);
            return 1;
        }
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    public static int Column(NativeVirtualCursor* native, nint context, int column)
    {
        Connection connection = native->Table->State->Target.Connection;
        try
        {
            connection.Enter();
            native->Cursor.Column(context, column);
            return ResultCode.Ok;
        }
        catch (Exception failure)
        {
            // The text goes through the context: SQLite takes a column's message from there.
            Guard.Result(context, failure, native->Table->Table.ModuleName);
            return Guard.Message(null, failure, "");
        }
        finally
        {
            connection.Leave();
        }
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    public static int RowId(NativeVirtualCursor* native, long* rowId)
    {
        try
        {
            *rowId = native->Cursor.RowId;
            return ResultCode.Ok;
        }
        catch (Exception failure)
        {
            return Guard.Message(&native->Table->ErrorMessage, failure, native->Table->Table.ModuleName);
        }
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    public static int Close(NativeVirtualCursor* native)
    {
        try
        {
            GCHandle handle = GCHandle.FromIntPtr(native->Handle);
            Unsafe.As<VirtualCursor>(handle.Target!).Close();
            handle.Free();
            Sqlite3.Free(native);
            return ResultCode.Ok;
        }
        catch (Exception failure)
        {
            return Guard.Message(&native->Table->ErrorMessage, failure, native->Table->Table.ModuleName);
        }
    }
}
