using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Text;

namespace ChunkSync.Sqlite;

/// <summary>Registers <see cref="ModuleDefinition"/>s and is the entry point of all their callbacks.</summary>
internal static unsafe class ModuleRegistry
{
    /// <summary>SQLite's client data of one registered module.</summary>
    private struct Slot
    {
        public NativeState* State;
        public nint Definition;
    }

    // One sqlite3_module per kind of table, for the life of the process: SQLite keeps pointers to them.
    private static readonly NativeModule* ReadOnly = Build(writable: false, transactional: false);
    private static readonly NativeModule* Writable = Build(writable: true, transactional: false);
    private static readonly NativeModule* Transactional = Build(writable: true, transactional: true);

    /// <summary>Registers <paramref name="definition"/>; the state is referenced until SQLite drops the module.</summary>
    public static void Register(Connection connection, NativeState* state, ModuleDefinition definition)
    {
        byte[] nameUtf8 = Encoding.UTF8.GetBytes(definition.Name + "\0");
        GCHandle handle = GCHandle.Alloc(definition);
        Slot* slot = AllocateSlot(handle);
        NativeState.AddReference(state);
        slot->State = state;
        slot->Definition = GCHandle.ToIntPtr(handle);
        NativeModule* module = definition.Transactional ? Transactional : definition.Writable ? Writable : ReadOnly;
        fixed (byte* name = nameUtf8)
        {
            // Where it fails SQLite has called the destructor.
            connection.Check(Sqlite3.Api->create_module_v2(
                connection.Handle, name, module, slot, (delegate* unmanaged[Cdecl]<void*, void>)&DestroySlot));
        }
    }

    /// <summary>Takes the module off the connection again: SQLite drops its reference to the state.</summary>
    public static void Unregister(Connection connection, string moduleName)
    {
        fixed (byte* name = Encoding.UTF8.GetBytes(moduleName + "\0"))
        {
            _ = Sqlite3.Api->create_module_v2(connection.Handle, name, null, null, null);
        }
    }

    private static Slot* AllocateSlot(GCHandle handle)
    {
        try
        {
            return (Slot*)Sqlite3.Allocate(sizeof(Slot));
        }
        catch
        {
            handle.Free();
            throw;
        }
    }

    private static NativeModule* Build(bool writable, bool transactional)
    {
        NativeModule* module = (NativeModule*)NativeMemory.AllocZeroed((nuint)sizeof(NativeModule));
        module->Version = 2;
        module->Connect = (delegate* unmanaged[Cdecl]<nint, void*, int, byte**, NativeVirtualTable**, byte**, int>)&Connect;
        module->BestIndex = (delegate* unmanaged[Cdecl]<NativeVirtualTable*, IndexInfo*, int>)&BestIndex;
        module->Disconnect = (delegate* unmanaged[Cdecl]<NativeVirtualTable*, int>)&Disconnect;
        module->Open = (delegate* unmanaged[Cdecl]<NativeVirtualTable*, NativeVirtualCursor**, int>)&Open;
        module->Close = (delegate* unmanaged[Cdecl]<NativeVirtualCursor*, int>)&Close;
        module->Filter = (delegate* unmanaged[Cdecl]<NativeVirtualCursor*, int, byte*, int, nint*, int>)&Filter;
        module->Next = (delegate* unmanaged[Cdecl]<NativeVirtualCursor*, int>)&Next;
        module->Eof = (delegate* unmanaged[Cdecl]<NativeVirtualCursor*, int>)&Eof;
        module->Column = (delegate* unmanaged[Cdecl]<NativeVirtualCursor*, nint, int, int>)&Column;
        module->RowId = (delegate* unmanaged[Cdecl]<NativeVirtualCursor*, long*, int>)&RowId;
        if (writable)
        {
            module->Update = (delegate* unmanaged[Cdecl]<NativeVirtualTable*, int, nint*, long*, int>)&Update;
        }

        if (transactional)
        {
            module->Begin = (delegate* unmanaged[Cdecl]<NativeVirtualTable*, int>)&Begin;
            module->Sync = (delegate* unmanaged[Cdecl]<NativeVirtualTable*, int>)&Sync;
            module->Commit = (delegate* unmanaged[Cdecl]<NativeVirtualTable*, int>)&Commit;
            module->Rollback = (delegate* unmanaged[Cdecl]<NativeVirtualTable*, int>)&Rollback;
            module->Savepoint = (delegate* unmanaged[Cdecl]<NativeVirtualTable*, int, int>)&IgnoreSavepoint;
            module->ReleaseSavepoint = (delegate* unmanaged[Cdecl]<NativeVirtualTable*, int, int>)&IgnoreSavepoint;
            module->RollbackTo = (delegate* unmanaged[Cdecl]<NativeVirtualTable*, int, int>)&RollbackTo;
        }

        return module;
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static int Connect(nint db, void* data, int count, byte** arguments, NativeVirtualTable** result, byte** message)
    {
        try
        {
            Slot* slot = (Slot*)data;
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
    private static int Disconnect(NativeVirtualTable* native)
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
    private static int Open(NativeVirtualTable* native, NativeVirtualCursor** result)
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
    private static int Close(NativeVirtualCursor* native)
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

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static int BestIndex(NativeVirtualTable* native, IndexInfo* plan)
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
    private static int Filter(NativeVirtualCursor* native, int number, byte* text, int count, nint* arguments)
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
    private static int Next(NativeVirtualCursor* native)
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
    private static int Eof(NativeVirtualCursor* native)
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
    private static int Column(NativeVirtualCursor* native, nint context, int column)
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
    private static int RowId(NativeVirtualCursor* native, long* rowId)
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
    private static int Update(NativeVirtualTable* native, int count, nint* arguments, long* rowId)
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
    private static int Begin(NativeVirtualTable* native)
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
    private static int Sync(NativeVirtualTable* native)
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
    private static int Commit(NativeVirtualTable* native)
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
    private static int Rollback(NativeVirtualTable* native)
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
    private static int IgnoreSavepoint(NativeVirtualTable* native, int savepoint)
    {
        try
        {
            return ResultCode.Ok;
        }
        catch (Exception failure)
        {
            return Guard.Message(&native->ErrorMessage, failure, native->Table.ModuleName);
        }
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static int RollbackTo(NativeVirtualTable* native, int savepoint)
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

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static void DestroySlot(void* data)
    {
        try
        {
            Slot* slot = (Slot*)data;
            GCHandle.FromIntPtr(slot->Definition).Free();
            NativeState.Release(slot->State);
            Sqlite3.Free(slot);
        }
        catch (Exception failure)
        {
            Guard.Swallow(failure);
        }
    }
}
