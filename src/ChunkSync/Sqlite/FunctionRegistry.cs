using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Text;

namespace ChunkSync.Sqlite;

/// <summary>Registers <see cref="FunctionDefinition"/>s and is the entry point of all of them: SQLite's user data is a native
/// slot that names the connection's state and the managed body.</summary>
internal static unsafe class FunctionRegistry
{
    private const int Utf8 = 1;

    /// <summary>SQLite's user data of one registered function.</summary>
    private struct Slot
    {
        public NativeState* State;
        public nint Definition;
        public delegate*<in Call, void> Body;
    }

    /// <summary>Registers <paramref name="definition"/> on <paramref name="connection"/>; the state is referenced until SQLite
    /// drops the function.</summary>
    public static void Register(Connection connection, NativeState* state, FunctionDefinition definition)
    {
        byte[] nameUtf8 = Encoding.UTF8.GetBytes(definition.Name + "\0");
        GCHandle handle = GCHandle.Alloc(definition);
        Slot* slot = AllocateSlot(handle);
        NativeState.AddReference(state);
        slot->State = state;
        slot->Body = definition.Body;
        slot->Definition = GCHandle.ToIntPtr(handle);
        bool scalar = definition.Body != null;
        fixed (byte* name = nameUtf8)
        {
            // Where it fails SQLite has called the destructor.
            connection.Check(Sqlite3.Api->create_function_v2(
                connection.Handle, name, definition.Arity, Utf8 | definition.Flags, slot,
                !scalar ? null : definition.CanBeIdle ? &IdleScalar : (delegate* unmanaged[Cdecl]<nint, int, nint*, void>)&Scalar,
                scalar ? null : (delegate* unmanaged[Cdecl]<nint, int, nint*, void>)&Step,
                scalar ? null : (delegate* unmanaged[Cdecl]<nint, void>)&Final,
                (delegate* unmanaged[Cdecl]<void*, void>)&Destroy));
        }
    }

    /// <summary>Takes the function off the connection again: SQLite drops its reference to the state. It refuses while a statement
    /// runs.</summary>
    public static void Unregister(Connection connection, FunctionDefinition definition)
    {
        fixed (byte* name = Encoding.UTF8.GetBytes(definition.Name + "\0"))
        {
            _ = Sqlite3.Api->create_function_v2(
                connection.Handle, name, definition.Arity, Utf8 | definition.Flags, null, null, null, null, null);
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

    /// <summary>A result that is not set is NULL.</summary>
    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static void IdleScalar(nint context, int count, nint* arguments)
    {
        try
        {
            NativeState* state = ((Slot*)Sqlite3.Api->user_data(context))->State;
            if (state->Idle > 0)
            {
                state->Idle--;
                return;
            }

            ((delegate* unmanaged[Cdecl]<nint, int, nint*, void>)&Scalar)(context, count, arguments);
        }
        catch (Exception failure)
        {
            Guard.Result(context, failure, NameOf(context));
        }
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static void Scalar(nint context, int count, nint* arguments)
    {
        Connection? connection = null;
        try
        {
            Slot* slot = (Slot*)Sqlite3.Api->user_data(context);
            ConnectionState state = slot->State->Target;
            connection = state.Connection;
            connection.Enter();
            Call call = new(context, count, arguments, state);
            slot->Body(in call);
        }
        catch (Exception failure)
        {
            Guard.Result(context, failure, NameOf(context));
        }
        finally
        {
            connection?.Leave();
        }
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static void Step(nint context, int count, nint* arguments)
    {
        Connection? connection = null;
        try
        {
            Slot* slot = (Slot*)Sqlite3.Api->user_data(context);
            FunctionDefinition definition = DefinitionOf(slot);
            ConnectionState state = slot->State->Target;
            connection = state.Connection;
            connection.Enter();
            nint* accumulator = (nint*)Sqlite3.Api->aggregate_context(context, sizeof(nint));
            if (accumulator == null)
            {
                throw Sqlite3.OutOfMemory();
            }

            if (*accumulator == 0)
            {
                *accumulator = GCHandle.ToIntPtr(GCHandle.Alloc(definition.Create!(state)));
            }

            Call call = new(context, count, arguments, state);
            definition.Step(GCHandle.FromIntPtr(*accumulator).Target!, in call);
        }
        catch (Exception failure)
        {
            Guard.Result(context, failure, NameOf(context));
        }
        finally
        {
            connection?.Leave();
        }
    }

    /// <summary>SQLite calls this once per started group, also after an error or an interrupt: the accumulator never leaks.</summary>
    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static void Final(nint context)
    {
        nint* accumulator = null;
        Connection? connection = null;
        try
        {
            accumulator = (nint*)Sqlite3.Api->aggregate_context(context, 0);
            Slot* slot = (Slot*)Sqlite3.Api->user_data(context);
            ConnectionState state = slot->State->Target;
            connection = state.Connection;
            connection.Enter();
            object? target = accumulator == null || *accumulator == 0 ? null : GCHandle.FromIntPtr(*accumulator).Target;
            Call call = new(context, 0, null, state);
            DefinitionOf(slot).Final(target, in call);
        }
        catch (Exception failure)
        {
            Guard.Result(context, failure, NameOf(context));
        }
        finally
        {
            if (accumulator != null && *accumulator != 0)
            {
                GCHandle handle = GCHandle.FromIntPtr(*accumulator);
                (handle.Target as IDisposable)?.Dispose();
                handle.Free();
                *accumulator = 0;
            }

            connection?.Leave();
        }
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static void Destroy(void* data)
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

    private static string NameOf(nint context) => DefinitionOf((Slot*)Sqlite3.Api->user_data(context)).Name + "()";

    private static FunctionDefinition DefinitionOf(Slot* slot) =>
        Unsafe.As<FunctionDefinition>(GCHandle.FromIntPtr(slot->Definition).Target!);
}
