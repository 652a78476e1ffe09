using System.Reflection;
using System.Runtime.InteropServices;

namespace ChunkSync.Bench.Worker;

/// <summary>The system's SQLite and LZ4 libraries, as a plain host calls them.</summary>
internal static unsafe partial class Native
{
    public const int Row = 100;
    public const int Done = 101;

    private const string Sqlite = "bench-sqlite3";
    private const string Lz4 = "bench-lz4";

    static Native() => NativeLibrary.SetDllImportResolver(typeof(Native).Assembly, Resolve);

    /// <summary>The handle of the SQLite library.</summary>
    public static nint SqliteLibrary => Resolve(Sqlite, typeof(Native).Assembly, null);

    [LibraryImport(Sqlite, EntryPoint = "sqlite3_open_v2", StringMarshalling = StringMarshalling.Utf8)]
    public static partial int Open(string path, out nint db, int flags, nint vfs);

    [LibraryImport(Sqlite, EntryPoint = "sqlite3_close")]
    public static partial int Close(nint db);

    [LibraryImport(Sqlite, EntryPoint = "sqlite3_enable_load_extension")]
    public static partial int EnableLoadExtension(nint db, int on);

    [LibraryImport(Sqlite, EntryPoint = "sqlite3_load_extension", StringMarshalling = StringMarshalling.Utf8)]
    public static partial int LoadExtension(nint db, string file, string? entry, out byte* message);

    [LibraryImport(Sqlite, EntryPoint = "sqlite3_exec", StringMarshalling = StringMarshalling.Utf8)]
    public static partial int Exec(nint db, string sql, nint callback, nint argument, nint message);

    [LibraryImport(Sqlite, EntryPoint = "sqlite3_prepare_v2", StringMarshalling = StringMarshalling.Utf8)]
    public static partial int Prepare(nint db, string sql, int length, out nint statement, nint tail);

    [LibraryImport(Sqlite, EntryPoint = "sqlite3_step")]
    public static partial int Step(nint statement);

    [LibraryImport(Sqlite, EntryPoint = "sqlite3_reset")]
    public static partial int Reset(nint statement);

    [LibraryImport(Sqlite, EntryPoint = "sqlite3_finalize")]
    public static partial int Finalize(nint statement);

    [LibraryImport(Sqlite, EntryPoint = "sqlite3_errmsg")]
    public static partial byte* ErrorMessage(nint db);

    [LibraryImport(Sqlite, EntryPoint = "sqlite3_column_count")]
    public static partial int ColumnCount(nint statement);

    [LibraryImport(Sqlite, EntryPoint = "sqlite3_column_int64")]
    public static partial long ColumnInt64(nint statement, int column);

    [LibraryImport(Sqlite, EntryPoint = "sqlite3_column_blob")]
    public static partial byte* ColumnBlob(nint statement, int column);

    [LibraryImport(Sqlite, EntryPoint = "sqlite3_column_bytes")]
    public static partial int ColumnBytes(nint statement, int column);

    [LibraryImport(Sqlite, EntryPoint = "sqlite3_column_text")]
    public static partial byte* ColumnText(nint statement, int column);

    [LibraryImport(Sqlite, EntryPoint = "sqlite3_column_value")]
    public static partial nint ColumnValue(nint statement, int column);

    [LibraryImport(Sqlite, EntryPoint = "sqlite3_value_dup")]
    public static partial nint ValueDup(nint value);

    [LibraryImport(Sqlite, EntryPoint = "sqlite3_value_free")]
    public static partial void ValueFree(nint value);

    [LibraryImport(Sqlite, EntryPoint = "sqlite3_bind_value")]
    public static partial int BindValue(nint statement, int index, nint value);

    [LibraryImport(Sqlite, EntryPoint = "sqlite3_bind_int64")]
    public static partial int BindInt64(nint statement, int index, long value);

    [LibraryImport(Sqlite, EntryPoint = "sqlite3_bind_text")]
    public static partial int BindText(nint statement, int index, byte* text, int length, nint destructor);

    [LibraryImport(Sqlite, EntryPoint = "sqlite3_bind_blob")]
    public static partial int BindBlob(nint statement, int index, byte* data, int length, nint destructor);

    [LibraryImport(Sqlite, EntryPoint = "sqlite3_next_stmt")]
    public static partial nint NextStatement(nint db, nint statement);

    [LibraryImport(Sqlite, EntryPoint = "sqlite3_stmt_status")]
    public static partial int StatementStatus(nint statement, int counter, int reset);

    [LibraryImport(Sqlite, EntryPoint = "sqlite3_sql")]
    public static partial byte* StatementText(nint statement);

    [LibraryImport(Sqlite, EntryPoint = "sqlite3_trace_v2")]
    public static partial int Trace(nint db, uint events, delegate* unmanaged<uint, nint, nint, nint, int> callback, nint argument);

    [LibraryImport(Sqlite, EntryPoint = "sqlite3_db_status")]
    public static partial int DbStatus(nint db, int counter, out int current, out int highest, int reset);

    [LibraryImport(Sqlite, EntryPoint = "sqlite3_memory_used")]
    public static partial long MemoryUsed();

    [LibraryImport(Sqlite, EntryPoint = "sqlite3_memory_highwater")]
    public static partial long MemoryHighWater(int reset);

    [LibraryImport(Sqlite, EntryPoint = "sqlite3_hard_heap_limit64")]
    public static partial long HardHeapLimit(long bytes);

    [LibraryImport(Lz4, EntryPoint = "LZ4_compress_default")]
    public static partial int Lz4Compress(byte* source, byte* target, int length, int capacity);

    [LibraryImport(Lz4, EntryPoint = "LZ4_decompress_safe")]
    public static partial int Lz4Decompress(byte* source, byte* target, int length, int capacity);

    private static nint Resolve(string name, Assembly assembly, DllImportSearchPath? path)
    {
        string[] candidates = name == Lz4
            ? ["liblz4.so.1", "liblz4.dylib", "lz4.dll"]
            : ["libsqlite3.so.0", "libsqlite3.dylib", "sqlite3.dll"];
        foreach (string candidate in candidates)
        {
            if (NativeLibrary.TryLoad(candidate, out nint library))
            {
                return library;
            }
        }

        throw new DllNotFoundException("none of these libraries is installed: " + string.Join(", ", candidates));
    }
}
