using System.Runtime.InteropServices;

namespace ChunkSync.Sqlite;

/// <summary>What SQLite holds of a <see cref="VirtualTable"/>: <c>struct sqlite3_vtab</c> and behind it the object.</summary>
[StructLayout(LayoutKind.Sequential)]
internal unsafe struct NativeVirtualTable
{
    public void* Module;
    public int References;
    public byte* ErrorMessage;
    public nint Handle;

    /// <summary>The state of the module, which outlives its tables.</summary>
    public NativeState* State;

    public readonly VirtualTable Table =>
        System.Runtime.CompilerServices.Unsafe.As<VirtualTable>(GCHandle.FromIntPtr(Handle).Target!);
}
