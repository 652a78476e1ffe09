using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace ChunkSync.Sqlite;

/// <summary>What SQLite holds of a <see cref="ConnectionState"/>: a counted handle in native memory. Every function and module
/// registered with it counts once, and SQLite's destructor calls count it down; the last one lets the object go.</summary>
[StructLayout(LayoutKind.Sequential)]
internal unsafe struct NativeState
{
    private nint handle;
    private int references;

    /// <summary>How many calls of a function with <see cref="FunctionDefinition.CanBeIdle"/> return NULL without being answered: each takes one
    /// away.</summary>
    public long Idle;

    /// <summary>The object behind the state.</summary>
    public readonly ConnectionState Target => Unsafe.As<ConnectionState>(GCHandle.FromIntPtr(handle).Target!);

    /// <summary>A state with one reference, the caller's. Where this fails the object is still the caller's.</summary>
    public static NativeState* Create(ConnectionState target)
    {
        GCHandle handle = GCHandle.Alloc(target);
        try
        {
            NativeState* state = (NativeState*)Sqlite3.Allocate(sizeof(NativeState));
            state->handle = GCHandle.ToIntPtr(handle);
            state->references = 1;
            state->Idle = 0;
            target.Native = state;
            return state;
        }
        catch
        {
            handle.Free();
            throw;
        }
    }

    public static void AddReference(NativeState* state) => state->references++;

    /// <summary>Takes one reference back; after the last one the object is released and disposed.</summary>
    public static void Release(NativeState* state)
    {
        if (--state->references > 0)
        {
            return;
        }

        GCHandle handle = GCHandle.FromIntPtr(state->handle);
        Unsafe.As<ConnectionState>(handle.Target!).Dispose();
        handle.Free();
        Sqlite3.Free(state);
    }
}
