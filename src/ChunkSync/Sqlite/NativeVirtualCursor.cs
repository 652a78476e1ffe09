using System.Runtime.InteropServices;

namespace ChunkSync.Sqlite;

/// <summary>What SQLite holds of a <see cref="VirtualCursor"/>: <c>struct sqlite3_vtab_cursor</c> and behind it the object.</summary>
[StructLayout(LayoutKind.Sequential)]
internal unsafe struct NativeVirtualCursor
{
    public NativeVirtualTable* Table;
    public nint Handle;

    public readonly VirtualCursor Cursor =>
        System.Runtime.CompilerServices.Unsafe.As<VirtualCursor>(GCHandle.FromIntPtr(Handle).Target!);
}
