using System.Runtime.InteropServices;

namespace ChunkSync.Sqlite;

/// <summary>The part of <c>struct sqlite3_api_routines</c> (sqlite3ext.h) that the engine calls, each member at its own slot.
/// Only a pointer to SQLite's own table is ever kept, never a copy: the table of an older SQLite is shorter. The slots used
/// here exist since SQLite 3.35, which the loader checks first, but for one at the end. <c>native/layout_check.c</c> proves the offsets.</summary>
/// <remarks>Members without a GC transition are short, do not block, and are called only while this thread already holds the
/// connection's mutex, that is inside a callback of the connection.</remarks>
[StructLayout(LayoutKind.Explicit)]
internal unsafe struct SqliteApi
{
    [FieldOffset(8 * 0)] public delegate* unmanaged[Cdecl]<nint, int, nint> aggregate_context;
    [FieldOffset(8 * 3)] public delegate* unmanaged[Cdecl, SuppressGCTransition]<nint, int, double, int> bind_double;
    [FieldOffset(8 * 5)] public delegate* unmanaged[Cdecl, SuppressGCTransition]<nint, int, long, int> bind_int64;
    [FieldOffset(8 * 6)] public delegate* unmanaged[Cdecl, SuppressGCTransition]<nint, int, int> bind_null;
    [FieldOffset(8 * 12)] public delegate* unmanaged[Cdecl]<nint, int, nint, int> bind_value;
    [FieldOffset(8 * 15)] public delegate* unmanaged[Cdecl, SuppressGCTransition]<nint, int> changes;
    [FieldOffset(8 * 22)] public delegate* unmanaged[Cdecl]<nint, int> column_count;
    [FieldOffset(8 * 39)] public delegate* unmanaged[Cdecl, SuppressGCTransition]<nint, int, nint> column_value;
    [FieldOffset(8 * 50)] public delegate* unmanaged[Cdecl]<nint, byte*, int> declare_vtab;
    [FieldOffset(8 * 53)] public delegate* unmanaged[Cdecl]<nint, byte*> errmsg;
    [FieldOffset(8 * 55)] public delegate* unmanaged[Cdecl]<nint, byte*, nint, nint, byte**, int> exec;
    [FieldOffset(8 * 57)] public delegate* unmanaged[Cdecl]<nint, int> finalize;
    [FieldOffset(8 * 58)] public delegate* unmanaged[Cdecl]<void*, void> free;
    [FieldOffset(8 * 60)] public delegate* unmanaged[Cdecl, SuppressGCTransition]<nint, int> get_autocommit;
    [FieldOffset(8 * 65)] public delegate* unmanaged[Cdecl, SuppressGCTransition]<nint, long> last_insert_rowid;
    [FieldOffset(8 * 67)] public delegate* unmanaged[Cdecl]<int> libversion_number;
    [FieldOffset(8 * 77)] public delegate* unmanaged[Cdecl]<nint, int> reset;
    [FieldOffset(8 * 79)] public delegate* unmanaged[Cdecl, SuppressGCTransition]<nint, double, void> result_double;
    [FieldOffset(8 * 80)] public delegate* unmanaged[Cdecl]<nint, byte*, int, void> result_error;
    [FieldOffset(8 * 83)] public delegate* unmanaged[Cdecl, SuppressGCTransition]<nint, long, void> result_int64;
    [FieldOffset(8 * 84)] public delegate* unmanaged[Cdecl, SuppressGCTransition]<nint, void> result_null;
    [FieldOffset(8 * 89)] public delegate* unmanaged[Cdecl]<nint, nint, void> result_value;
    [FieldOffset(8 * 94)] public delegate* unmanaged[Cdecl]<nint, int> step;
    [FieldOffset(8 * 95)] public delegate* unmanaged[Cdecl]<nint, byte*, byte*, byte*, byte**, byte**, int*, int*, int*, int> table_column_metadata;
    [FieldOffset(8 * 97)] public delegate* unmanaged[Cdecl, SuppressGCTransition]<nint, int> total_changes;
    [FieldOffset(8 * 101)] public delegate* unmanaged[Cdecl, SuppressGCTransition]<nint, void*> user_data;
    [FieldOffset(8 * 102)] public delegate* unmanaged[Cdecl]<nint, byte*> value_blob;
    [FieldOffset(8 * 103)] public delegate* unmanaged[Cdecl, SuppressGCTransition]<nint, int> value_bytes;
    [FieldOffset(8 * 105)] public delegate* unmanaged[Cdecl, SuppressGCTransition]<nint, double> value_double;
    [FieldOffset(8 * 107)] public delegate* unmanaged[Cdecl, SuppressGCTransition]<nint, long> value_int64;
    [FieldOffset(8 * 109)] public delegate* unmanaged[Cdecl]<nint, byte*> value_text;
    [FieldOffset(8 * 113)] public delegate* unmanaged[Cdecl, SuppressGCTransition]<nint, int> value_type;
    [FieldOffset(8 * 118)] public delegate* unmanaged[Cdecl, SuppressGCTransition]<nint, int> clear_bindings;
    [FieldOffset(8 * 119)] public delegate* unmanaged[Cdecl]<nint, byte*, void*, void*, void*, int> create_module_v2;
    [FieldOffset(8 * 121)] public delegate* unmanaged[Cdecl]<nint, int> blob_bytes;
    [FieldOffset(8 * 122)] public delegate* unmanaged[Cdecl]<nint, int> blob_close;
    [FieldOffset(8 * 123)] public delegate* unmanaged[Cdecl]<nint, byte*, byte*, byte*, long, int, nint*, int> blob_open;
    [FieldOffset(8 * 124)] public delegate* unmanaged[Cdecl]<nint, void*, int, int, int> blob_read;
    [FieldOffset(8 * 127)] public delegate* unmanaged[Cdecl]<nint, byte*, int, void*, int> file_control;
    [FieldOffset(8 * 137)] public delegate* unmanaged[Cdecl]<nint, void> result_error_nomem;
    [FieldOffset(8 * 139)] public delegate* unmanaged[Cdecl]<int, int> sleep;
    [FieldOffset(8 * 146)] public delegate* unmanaged[Cdecl]<nint, int, void> result_error_code;
    [FieldOffset(8 * 148)] public delegate* unmanaged[Cdecl]<int, void*, void> randomness;
    [FieldOffset(8 * 151)] public delegate* unmanaged[Cdecl, SuppressGCTransition]<nint, int, int, int> limit;
    [FieldOffset(8 * 152)] public delegate* unmanaged[Cdecl]<nint, nint, nint> next_stmt;
    [FieldOffset(8 * 153)] public delegate* unmanaged[Cdecl]<nint, byte*> sql;
    [FieldOffset(8 * 162)] public delegate* unmanaged[Cdecl]<nint, byte*, int, int, void*, void*, void*, void*, void*, int> create_function_v2;
    [FieldOffset(8 * 165)] public delegate* unmanaged[Cdecl]<nint, int, int*, int*, int, int> db_status;
    [FieldOffset(8 * 166)] public delegate* unmanaged[Cdecl]<nint, int> extended_errcode;
    [FieldOffset(8 * 170)] public delegate* unmanaged[Cdecl]<nint, int, int, int> stmt_status;
    [FieldOffset(8 * 176)] public delegate* unmanaged[Cdecl]<nint, long, int> blob_reopen;
    [FieldOffset(8 * 177)] public delegate* unmanaged[Cdecl]<nint, int, int> vtab_config;
    [FieldOffset(8 * 180)] public delegate* unmanaged[Cdecl]<nint, byte*, byte*> db_filename;
    [FieldOffset(8 * 181)] public delegate* unmanaged[Cdecl]<nint, byte*, int> db_readonly;
    [FieldOffset(8 * 184)] public delegate* unmanaged[Cdecl, SuppressGCTransition]<nint, int> stmt_busy;
    [FieldOffset(8 * 185)] public delegate* unmanaged[Cdecl]<nint, int> stmt_readonly;
    [FieldOffset(8 * 193)] public delegate* unmanaged[Cdecl]<nint, int, void*, ulong, nint, int> bind_blob64;
    [FieldOffset(8 * 194)] public delegate* unmanaged[Cdecl]<nint, int, byte*, ulong, nint, byte, int> bind_text64;
    [FieldOffset(8 * 197)] public delegate* unmanaged[Cdecl]<ulong, void*> malloc64;
    [FieldOffset(8 * 199)] public delegate* unmanaged[Cdecl]<void*, ulong, void*> realloc64;
    [FieldOffset(8 * 201)] public delegate* unmanaged[Cdecl]<nint, void*, ulong, nint, void> result_blob64;
    [FieldOffset(8 * 202)] public delegate* unmanaged[Cdecl]<nint, byte*, ulong, nint, byte, void> result_text64;
    [FieldOffset(8 * 204)] public delegate* unmanaged[Cdecl]<nint, nint> value_dup;
    [FieldOffset(8 * 205)] public delegate* unmanaged[Cdecl]<nint, void> value_free;
    [FieldOffset(8 * 216)] public delegate* unmanaged[Cdecl, SuppressGCTransition]<nint, long, void> set_last_insert_rowid;
    [FieldOffset(8 * 217)] public delegate* unmanaged[Cdecl]<nint, byte*, int, uint, nint*, byte**, int> prepare_v3;
    [FieldOffset(8 * 252)] public delegate* unmanaged[Cdecl]<nint, byte*, int> txn_state;

    /// <summary>Since SQLite 3.39: only to be read where <see cref="Sqlite3.HasDatabaseNames"/> says so.</summary>
    [FieldOffset(8 * 264)] public delegate* unmanaged[Cdecl, SuppressGCTransition]<nint, int, byte*> db_name;
}
