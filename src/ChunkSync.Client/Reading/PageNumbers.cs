namespace ChunkSync.Client;

/// <summary>The columns of a row of <c>cloudsync_payload_chunks</c> besides the payload.</summary>
internal readonly record struct PageNumbers(
    long Rows, long DbVersionMin, long DbVersionMax, long Watermark, ChunkCursor Next, bool IsFinal, bool WindowCapped, long WindowBytes)
{
    /// <summary>The columns as SQL, in the order of <see cref="Read"/>.</summary>
    public const string Columns =
        "rows, db_version_min, db_version_max, watermark_db_version, next_db_version, next_seq, next_frag_offset, is_final, window_capped, window_bytes";

    /// <summary>The table with all its inputs, as <see cref="PageInputs"/> binds them.</summary>
    public const string Source = " FROM cloudsync_payload_chunks(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)";

    /// <summary>Reads them from the row at which a statement stands.</summary>
    /// <param name="row">The statement.</param>
    /// <param name="first">The column of <see cref="Rows"/>.</param>
    public static PageNumbers Read(SyncStatement row, int first) => new(
        row.Int64(first), row.Int64(first + 1), row.Int64(first + 2), row.Int64(first + 3),
        new ChunkCursor(row.Int64(first + 4), row.Int64(first + 5), row.Int64(first + 6)),
        row.Int64(first + 7) != 0, row.Int64(first + 8) != 0, row.Int64(first + 9));
}
