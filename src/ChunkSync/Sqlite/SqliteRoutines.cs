namespace ChunkSync.Sqlite;

/// <summary>The routines of <see cref="SqliteApi"/> by name.</summary>
internal static unsafe class SqliteRoutines
{
    /// <summary>Their names without <c>sqlite3_</c>, with their slots in <c>struct sqlite3_api_routines</c>.</summary>
    public static IReadOnlyList<(string Name, int Slot)> All { get; } =
    [
        ("aggregate_context", 0),
        ("bind_double", 3),
        ("bind_int64", 5),
        ("bind_null", 6),
        ("bind_value", 12),
        ("changes", 15),
        ("column_count", 22),
        ("column_value", 39),
        ("declare_vtab", 50),
        ("errmsg", 53),
        ("exec", 55),
        ("finalize", 57),
        ("free", 58),
        ("get_autocommit", 60),
        ("last_insert_rowid", 65),
        ("libversion_number", 67),
        ("reset", 77),
        ("result_double", 79),
        ("result_error", 80),
        ("result_int64", 83),
        ("result_null", 84),
        ("result_value", 89),
        ("step", 94),
        ("table_column_metadata", 95),
        ("total_changes", 97),
        ("user_data", 101),
        ("value_blob", 102),
        ("value_bytes", 103),
        ("value_double", 105),
        ("value_int64", 107),
        ("value_text", 109),
        ("value_type", 113),
        ("clear_bindings", 118),
        ("create_module_v2", 119),
        ("blob_bytes", 121),
        ("blob_close", 122),
        ("blob_open", 123),
        ("blob_read", 124),
        ("file_control", 127),
        ("result_error_nomem", 137),
        ("sleep", 139),
        ("result_error_code", 146),
        ("randomness", 148),
        ("limit", 151),
        ("next_stmt", 152),
        ("sql", 153),
        ("create_function_v2", 162),
        ("db_status", 165),
        ("extended_errcode", 166),
        ("stmt_status", 170),
        ("blob_reopen", 176),
        ("vtab_config", 177),
        ("db_filename", 180),
        ("db_readonly", 181),
        ("stmt_busy", 184),
        ("stmt_readonly", 185),
        ("bind_blob64", 193),
        ("bind_text64", 194),
        ("malloc64", 197),
        ("realloc64", 199),
        ("result_blob64", 201),
        ("result_text64", 202),
        ("value_dup", 204),
        ("value_free", 205),
        ("set_last_insert_rowid", 216),
        ("prepare_v3", 217),
        ("txn_state", 252),
        ("db_name", DatabaseNameSlot),
    ];

    /// <summary>The slot of the one routine that is younger than <see cref="Sqlite3.MinimumVersion"/>.</summary>
    private const int DatabaseNameSlot = 264;

    /// <summary>The first routine that a table lacks, because its SQLite was built without it; null when it has all that its version
    /// should have.</summary>
    /// <param name="table">The table.</param>
    /// <param name="version">Its version: at least the minimum, or 0 for a table of unknown origin.</param>
    public static string? Missing(SqliteApi* table, int version)
    {
        foreach ((string name, int slot) in All)
        {
            bool isKnown = slot != DatabaseNameSlot || version >= Sqlite3.FirstWithDatabaseNames;
            if (isKnown && ((nint*)table)[slot] == 0)
            {
                return "sqlite3_" + name;
            }
        }

        return null;
    }
}
