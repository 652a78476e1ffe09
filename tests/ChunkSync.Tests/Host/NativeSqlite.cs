using System.Runtime.InteropServices;

namespace ChunkSync.Tests.Host;

/// <summary>A SQLite library, called directly: the host side of the tests. It is the system's, or the one that <see cref="SqliteLibraries"/> chooses.</summary>
internal static unsafe partial class NativeSqlite
{
    public const int OpenReadOnly = 1;
    public const int OpenReadWrite = 2;
    public const int OpenCreate = 4;
    public const int OpenUri = 0x40;

    /// <summary>The handle of the library.</summary>
    public static nint Library { get; } = Load();

    /// <summary>The library's version, "3.40.1".</summary>
    public static string Version { get; } = Marshal.PtrToStringUTF8(((delegate* unmanaged<nint>)NativeLibrary.GetExport(Library, "sqlite3_libversion"))())!;

    /// <summary>Whether the library is older than 3.40, the first that is known to do rightly what some tests look at.</summary>
    public static bool IsOld => new Version(Version) < new Version(3, 40);

    [LibraryImport("chunksync-test-sqlite3", EntryPoint = "sqlite3_open_v2", StringMarshalling = StringMarshalling.Utf8)]
    public static partial int Open(string path, out nint db, int flags, nint vfs);

    [LibraryImport("chunksync-test-sqlite3", EntryPoint = "sqlite3_serialize", StringMarshalling = StringMarshalling.Utf8)]
    public static partial byte* Serialize(nint db, string schema, long* size, uint flags);

    [LibraryImport("chunksync-test-sqlite3", EntryPoint = "sqlite3_deserialize", StringMarshalling = StringMarshalling.Utf8)]
    public static partial int Deserialize(nint db, string schema, byte* data, long size, long capacity, uint flags);

    [LibraryImport("chunksync-test-sqlite3", EntryPoint = "sqlite3_enable_load_extension")]
    public static partial int EnableLoadExtension(nint db, int on);

    [LibraryImport("chunksync-test-sqlite3", EntryPoint = "sqlite3_create_collation_v2", StringMarshalling = StringMarshalling.Utf8)]
    public static partial int CreateCollation(
        nint db, string name, int encoding, nint argument, delegate* unmanaged[Cdecl]<nint, int, byte*, int, byte*, int> compare, nint destroy);

    [LibraryImport("chunksync-test-sqlite3", EntryPoint = "sqlite3_create_function", StringMarshalling = StringMarshalling.Utf8)]
    public static partial int CreateFunction(
        nint db, string name, int arguments, int encoding, nint argument, delegate* unmanaged<nint, int, nint*, void> function, nint step, nint final);

    [LibraryImport("chunksync-test-sqlite3", EntryPoint = "sqlite3_user_data")]
    public static partial nint UserData(nint context);

    [LibraryImport("chunksync-test-sqlite3", EntryPoint = "sqlite3_result_int64")]
    public static partial void ResultInt64(nint context, long value);

    [LibraryImport("chunksync-test-sqlite3", EntryPoint = "sqlite3_result_error_code")]
    public static partial void ResultErrorCode(nint context, int code);

    [LibraryImport("chunksync-test-sqlite3", EntryPoint = "sqlite3_result_error_nomem")]
    public static partial void ResultNoMemory(nint context);

    [LibraryImport("chunksync-test-sqlite3", EntryPoint = "sqlite3_close")]
    public static partial int Close(nint db);

    [LibraryImport("chunksync-test-sqlite3", EntryPoint = "sqlite3_exec", StringMarshalling = StringMarshalling.Utf8)]
    public static partial int Exec(nint db, string sql, nint callback, nint argument, nint message);

    [LibraryImport("chunksync-test-sqlite3", EntryPoint = "sqlite3_prepare_v2")]
    public static partial int Prepare(nint db, byte* sql, int length, out nint statement, out byte* tail);

    [LibraryImport("chunksync-test-sqlite3", EntryPoint = "sqlite3_step")]
    public static partial int Step(nint statement);

    [LibraryImport("chunksync-test-sqlite3", EntryPoint = "sqlite3_reset")]
    public static partial int Reset(nint statement);

    [LibraryImport("chunksync-test-sqlite3", EntryPoint = "sqlite3_finalize")]
    public static partial int Finalize(nint statement);

    [LibraryImport("chunksync-test-sqlite3", EntryPoint = "sqlite3_column_count")]
    public static partial int ColumnCount(nint statement);

    [LibraryImport("chunksync-test-sqlite3", EntryPoint = "sqlite3_column_name")]
    public static partial byte* ColumnName(nint statement, int column);

    [LibraryImport("chunksync-test-sqlite3", EntryPoint = "sqlite3_column_type")]
    public static partial int ColumnType(nint statement, int column);

    [LibraryImport("chunksync-test-sqlite3", EntryPoint = "sqlite3_column_int64")]
    public static partial long ColumnInt64(nint statement, int column);

    [LibraryImport("chunksync-test-sqlite3", EntryPoint = "sqlite3_column_double")]
    public static partial double ColumnDouble(nint statement, int column);

    [LibraryImport("chunksync-test-sqlite3", EntryPoint = "sqlite3_column_text")]
    public static partial byte* ColumnText(nint statement, int column);

    [LibraryImport("chunksync-test-sqlite3", EntryPoint = "sqlite3_column_blob")]
    public static partial byte* ColumnBlob(nint statement, int column);

    [LibraryImport("chunksync-test-sqlite3", EntryPoint = "sqlite3_column_bytes")]
    public static partial int ColumnBytes(nint statement, int column);

    [LibraryImport("chunksync-test-sqlite3", EntryPoint = "sqlite3_bind_parameter_index", StringMarshalling = StringMarshalling.Utf8)]
    public static partial int BindParameterIndex(nint statement, string name);

    [LibraryImport("chunksync-test-sqlite3", EntryPoint = "sqlite3_bind_int64")]
    public static partial int BindInt64(nint statement, int index, long value);

    [LibraryImport("chunksync-test-sqlite3", EntryPoint = "sqlite3_bind_double")]
    public static partial int BindDouble(nint statement, int index, double value);

    [LibraryImport("chunksync-test-sqlite3", EntryPoint = "sqlite3_bind_null")]
    public static partial int BindNull(nint statement, int index);

    [LibraryImport("chunksync-test-sqlite3", EntryPoint = "sqlite3_bind_text")]
    public static partial int BindText(nint statement, int index, byte* text, int length, nint destructor);

    [LibraryImport("chunksync-test-sqlite3", EntryPoint = "sqlite3_bind_blob")]
    public static partial int BindBlob(nint statement, int index, byte* data, int length, nint destructor);

    [LibraryImport("chunksync-test-sqlite3", EntryPoint = "sqlite3_errmsg")]
    public static partial byte* ErrorMessage(nint db);

    [LibraryImport("chunksync-test-sqlite3", EntryPoint = "sqlite3_errcode")]
    public static partial int ErrorCode(nint db);

    [LibraryImport("chunksync-test-sqlite3", EntryPoint = "sqlite3_get_autocommit")]
    public static partial int GetAutocommit(nint db);

    /// <summary>0: no transaction on that schema; 1: one that reads; 2: one that writes.</summary>
    [LibraryImport("chunksync-test-sqlite3", EntryPoint = "sqlite3_txn_state", StringMarshalling = StringMarshalling.Utf8)]
    public static partial int TransactionState(nint db, string schema);

    [LibraryImport("chunksync-test-sqlite3", EntryPoint = "sqlite3_last_insert_rowid")]
    public static partial long LastInsertRowId(nint db);

    [LibraryImport("chunksync-test-sqlite3", EntryPoint = "sqlite3_stmt_status")]
    public static partial int StatementStatus(nint statement, int counter, int reset);

    [LibraryImport("chunksync-test-sqlite3", EntryPoint = "sqlite3_db_status")]
    public static partial int DbStatus(nint db, int counter, out int current, out int highest, int reset);

    [LibraryImport("chunksync-test-sqlite3", EntryPoint = "sqlite3_trace_v2")]
    public static partial int Trace(nint db, uint events, delegate* unmanaged<uint, nint, nint, nint, int> callback, nint argument);

    [LibraryImport("chunksync-test-sqlite3", EntryPoint = "sqlite3_memory_highwater")]
    public static partial long MemoryHighWater(int reset);

    [LibraryImport("chunksync-test-sqlite3", EntryPoint = "sqlite3_memory_used")]
    public static partial long MemoryUsed();

    [LibraryImport("chunksync-test-sqlite3", EntryPoint = "sqlite3_hard_heap_limit64")]
    public static partial long HardHeapLimit(long bytes);

    [LibraryImport("chunksync-test-sqlite3", EntryPoint = "sqlite3_total_changes")]
    public static partial int TotalChanges(nint db);

    [LibraryImport("chunksync-test-sqlite3", EntryPoint = "sqlite3_blob_open", StringMarshalling = StringMarshalling.Utf8)]
    public static partial int BlobOpen(nint db, string schema, string table, string column, long rowId, int flags, out nint blob);

    [LibraryImport("chunksync-test-sqlite3", EntryPoint = "sqlite3_blob_write")]
    public static partial int BlobWrite(nint blob, byte* data, int length, int offset);

    [LibraryImport("chunksync-test-sqlite3", EntryPoint = "sqlite3_blob_close")]
    public static partial int BlobClose(nint blob);

    [LibraryImport("chunksync-test-sqlite3", EntryPoint = "sqlite3_interrupt")]
    public static partial void Interrupt(nint db);

    [LibraryImport("chunksync-test-sqlite3", EntryPoint = "sqlite3_progress_handler")]
    public static partial void ProgressHandler(nint db, int steps, delegate* unmanaged<nint, int> handler, nint argument);

    [LibraryImport("chunksync-test-sqlite3", EntryPoint = "sqlite3_commit_hook")]
    public static partial nint CommitHook(nint db, delegate* unmanaged<nint, int> hook, nint argument);

    [LibraryImport("chunksync-test-sqlite3", EntryPoint = "sqlite3_next_stmt")]
    public static partial nint NextStatement(nint db, nint statement);

    [LibraryImport("chunksync-test-sqlite3", EntryPoint = "sqlite3_stmt_busy")]
    public static partial int StatementBusy(nint statement);

    [LibraryImport("chunksync-test-sqlite3", EntryPoint = "sqlite3_sql")]
    public static partial byte* Sql(nint statement);

    [LibraryImport("chunksync-test-sqlite3", EntryPoint = "sqlite3_expanded_sql")]
    public static partial byte* ExpandedSql(nint statement);

    [LibraryImport("chunksync-test-sqlite3", EntryPoint = "sqlite3_free")]
    public static partial void Free(void* memory);

    [LibraryImport("chunksync-test-sqlite3", EntryPoint = "sqlite3_backup_init", StringMarshalling = StringMarshalling.Utf8)]
    public static partial nint BackupInit(nint target, string targetSchema, nint source, string sourceSchema);

    [LibraryImport("chunksync-test-sqlite3", EntryPoint = "sqlite3_backup_step")]
    public static partial int BackupStep(nint backup, int pages);

    [LibraryImport("chunksync-test-sqlite3", EntryPoint = "sqlite3_backup_finish")]
    public static partial int BackupFinish(nint backup);

    [LibraryImport("chunksync-test-sqlite3", EntryPoint = "sqlite3_db_config")]
    public static partial int DbConfig(nint db, int option, int value, nint result);

    private static nint Load()
    {
        nint library = SqliteLibraries.Chosen is string path ? NativeLibrary.Load(path) : LoadSystem();
        NativeLibrary.SetDllImportResolver(
            typeof(NativeSqlite).Assembly, (name, _, _) => name == "chunksync-test-sqlite3" ? library : 0);
        return library;
    }

    private static nint LoadSystem()
    {
        foreach (string name in (string[])["libsqlite3.so.0", "libsqlite3.dylib", "sqlite3.dll"])
        {
            if (NativeLibrary.TryLoad(name, out nint library))
            {
                return library;
            }
        }

        throw new DllNotFoundException("the system's SQLite library is missing: install libsqlite3-0");
    }
}
