using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Text;

namespace ChunkSync.Sqlite;

/// <summary>What SQLite calls of a virtual table, in the order of its life: connect, plan, open a cursor, write, the transaction, disconnect.</summary>
internal static unsafe class TableCallbacks
{
    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    public static int Connect(nint db, void* data, int count, byte** arguments, NativeVirtualTable** result, byte** message)
    {
        try
        {
            ModuleSlot* slot = (ModuleSlot*)data;
            ModuleDefinition definition = Unsafe.As<ModuleDefinition>(GCHandle.FromIntPtr(slot->Definition).Target!);
            VirtualTable table = definition.Connect(slot->State->Target);
            table.ModuleName = definition.Name;
            fixed (byte* declaration = Encoding.UTF8.GetBytes(table.Declaration + "\0"))
            {
                int code = Sqlite3.Api->declare_vtab(db, declaration);
                if (code != ResultCode.Ok)
                {
                    throw new EngineException(code, definition.Name + ": the table's declaration was refused");
                }
            }

            Restrict(db, definition.InSchema);

            NativeVirtualTable* native = (NativeVirtualTable*)Sqlite3.Allocate(sizeof(NativeVirtualTable));
            *native = default;
            native->State = slot->State;
            native->Handle = GCHandle.ToIntPtr(GCHandle.Alloc(table));
            *result = native;
            return ResultCode.Ok;
        }
        catch (Exception failure)
        {
            return Guard.Message(message, failure, "the connect of a table");
        }
    }

    /// <summary>Tells SQLite where the table that is being connected may be used.</summary>
    private static void Restrict(nint db, SchemaUse use)
    {
        const int VtabInnocuous = 2;
        const int VtabDirectOnly = 3;
        if (use != SchemaUse.Trusted)
        {
            _ = Sqlite3.Api->vtab_config(db, use == SchemaUse.Innocuous ? VtabInnocuous : VtabDirectOnly);
        }
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    public static int BestIndex(NativeVirtualTable* native, IndexInfo* plan)
    {
        try
        {
            return native->Table.BestIndex(plan);
        }
        catch (Exception failure)
        {
            return Guard.Message(&native->ErrorMessage, failure, native->Table.ModuleName);
        }
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    public static int Open(NativeVirtualTable* native, NativeVirtualCursor** result)
    {
        try
        {
            VirtualCursor cursor = native->Table.Open();
            NativeVirtualCursor* opened = (NativeVirtualCursor*)Sqlite3.Allocate(sizeof(NativeVirtualCursor));
            opened->Table = native;
            opened->Handle = GCHandle.ToIntPtr(GCHandle.Alloc(cursor));
            *result = opened;
            return ResultCode.Ok;
        }
        catch (Exception failure)
        {
            return Guard.Message(&native->ErrorMessage, failure, native->Table.ModuleName);
        }
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    public static int Update(NativeVirtualTable* native, int count, nint* arguments, long* rowId)
    {
        Connection connection = native->State->Target.Connection;
        try
        {
            connection.Enter();
            long inserted = native->Table.Update(count, arguments);
            if (rowId != null)
            {
                *rowId = inserted;
            }

            return ResultCode.Ok;
        }
        catch (Exception failure)
        {
            return Guard.Message(&native->ErrorMessage, failure, native->Table.ModuleName);
        }
        finally
        {
            connection.Leave();
        }
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    public static int Disconnect(NativeVirtualTable* native)
    {
        try
        {
            GCHandle handle = GCHandle.FromIntPtr(native->Handle);
            Unsafe.As<VirtualTable>(handle.Target!).Disconnect();
            handle.Free();
            Sqlite3.Free(native);
            return ResultCode.Ok;
        }
        catch (Exception failure)
        {
            return Guard.Message(&native->ErrorMessage, failure, native->Table.ModuleName);
        }
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    public static int Begin(NativeVirtualTable* native)
    {
        try
        {
            native->Table.Begin();
            return ResultCode.Ok;
        }
        catch (Exception failure)
        {
            return Guard.Message(&native->ErrorMessage, failure, native->Table.ModuleName);
        }
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    public static int Sync(NativeVirtualTable* native)
    {
        try
        {
            native->Table.Sync();
            return ResultCode.Ok;
        }
        catch (Exception failure)
        {
            return Guard.Message(&native->ErrorMessage, failure, native->Table.ModuleName);
        }
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    public static int Commit(NativeVirtualTable* native)
    {
        try
        {
            native->Table.Commit();
            return ResultCode.Ok;
        }
        catch (Exception failure)
        {
            return Guard.Message(&native->ErrorMessage, failure, native->Table.ModuleName);
        }
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    public static int Rollback(NativeVirtualTable* native)
    {
        try
        {
            native->Table.Rollback();
            return ResultCode.Ok;
        }
        catch (Exception failure)
        {
            return Guard.Message(&native->ErrorMessage, failure, native->Table.ModuleName);
        }
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    public static int Savepoint(NativeVirtualTable* native, int savepoint)
    {
        try
        {
            native->Table.Savepoint(savepoint);
            return ResultCode.Ok;
        }
        catch (Exception failure)
        {
            return Guard.Message(&native->ErrorMessage, failure, native->Table.ModuleName);
        }
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    public static int ReleaseSavepoint(NativeVirtualTable* native, int savepoint)
    {
        try
        {
            native->Table.ReleaseSavepoint(savepoint);
            return ResultCode.Ok;
        }
        catch (Exception failure)
        {
            return Guard.Message(&native->ErrorMessage, failure, native->Table.ModuleName);
        }
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    public static int RollbackTo(NativeVirtualTable* native, int savepoint)
    {
        try
        {
            native->Table.RollbackTo(savepoint);
            return ResultCode.Ok;
        }
        catch (Exception failure)
        {
            return Guard.Message(&native->ErrorMessage, failure, native->Table.ModuleName);
        }
    }
}
