using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Text;

namespace ChunkSync.Sqlite;

/// <summary>Registers <see cref="ModuleDefinition"/>s with the callbacks of <see cref="TableCallbacks"/> and
/// <see cref="CursorCallbacks"/>.</summary>
internal static unsafe class ModuleRegistry
{
    // One sqlite3_module per kind of table, for the life of the process: SQLite keeps pointers to them.
    private static readonly NativeModule* ReadOnly = Build(writable: false, transactional: false);
    private static readonly NativeModule* Writable = Build(writable: true, transactional: false);
    private static readonly NativeModule* Transactional = Build(writable: true, transactional: true);

    /// <summary>Registers <paramref name="definition"/>; the state is referenced until SQLite drops the module.</summary>
    public static void Register(Connection connection, NativeState* state, ModuleDefinition definition)
    {
        byte[] nameUtf8 = Encoding.UTF8.GetBytes(definition.Name + "\0");
        GCHandle handle = GCHandle.Alloc(definition);
        ModuleSlot* slot = AllocateSlot(handle);
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

    private static ModuleSlot* AllocateSlot(GCHandle handle)
    {
        try
        {
            return (ModuleSlot*)Sqlite3.Allocate(sizeof(ModuleSlot));
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
        module->Connect = (delegate* unmanaged[Cdecl]<nint, void*, int, byte**, NativeVirtualTable**, byte**, int>)&TableCallbacks.Connect;
        module->BestIndex = (delegate* unmanaged[Cdecl]<NativeVirtualTable*, IndexInfo*, int>)&TableCallbacks.BestIndex;
        module->Disconnect = (delegate* unmanaged[Cdecl]<NativeVirtualTable*, int>)&TableCallbacks.Disconnect;
        module->Open = (delegate* unmanaged[Cdecl]<NativeVirtualTable*, NativeVirtualCursor**, int>)&TableCallbacks.Open;
        module->Close = (delegate* unmanaged[Cdecl]<NativeVirtualCursor*, int>)&CursorCallbacks.Close;
        module->Filter = (delegate* unmanaged[Cdecl]<NativeVirtualCursor*, int, byte*, int, nint*, int>)&CursorCallbacks.Filter;
        module->Next = (delegate* unmanaged[Cdecl]<NativeVirtualCursor*, int>)&CursorCallbacks.Next;
        module->Eof = (delegate* unmanaged[Cdecl]<NativeVirtualCursor*, int>)&CursorCallbacks.Eof;
        module->Column = (delegate* unmanaged[Cdecl]<NativeVirtualCursor*, nint, int, int>)&CursorCallbacks.Column;
        module->RowId = (delegate* unmanaged[Cdecl]<NativeVirtualCursor*, long*, int>)&CursorCallbacks.RowId;
        if (writable)
        {
            module->Update = (delegate* unmanaged[Cdecl]<NativeVirtualTable*, int, nint*, long*, int>)&TableCallbacks.Update;
        }

        if (transactional)
        {
            module->Begin = (delegate* unmanaged[Cdecl]<NativeVirtualTable*, int>)&TableCallbacks.Begin;
            module->Sync = (delegate* unmanaged[Cdecl]<NativeVirtualTable*, int>)&TableCallbacks.Sync;
            module->Commit = (delegate* unmanaged[Cdecl]<NativeVirtualTable*, int>)&TableCallbacks.Commit;
            module->Rollback = (delegate* unmanaged[Cdecl]<NativeVirtualTable*, int>)&TableCallbacks.Rollback;
            module->Savepoint = (delegate* unmanaged[Cdecl]<NativeVirtualTable*, int, int>)&TableCallbacks.Savepoint;
            module->ReleaseSavepoint = (delegate* unmanaged[Cdecl]<NativeVirtualTable*, int, int>)&TableCallbacks.ReleaseSavepoint;
            module->RollbackTo = (delegate* unmanaged[Cdecl]<NativeVirtualTable*, int, int>)&TableCallbacks.RollbackTo;
        }

        return module;
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static void DestroySlot(void* data)
    {
        try
        {
            ModuleSlot* slot = (ModuleSlot*)data;
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
