using System.Runtime.InteropServices;

namespace ChunkSync.Sqlite;

/// <summary><c>struct sqlite3_module</c>, version 2 (sqlite3.h): the callbacks of a virtual table.</summary>
[StructLayout(LayoutKind.Sequential)]
internal unsafe struct NativeModule
{
    public int Version;
    public void* Create;
    public void* Connect;
    public void* BestIndex;
    public void* Disconnect;
    public void* Destroy;
    public void* Open;
    public void* Close;
    public void* Filter;
    public void* Next;
    public void* Eof;
    public void* Column;
    public void* RowId;
    public void* Update;
    public void* Begin;
    public void* Sync;
    public void* Commit;
    public void* Rollback;
    public void* FindFunction;
    public void* Rename;
    public void* Savepoint;
    public void* ReleaseSavepoint;
    public void* RollbackTo;
}
