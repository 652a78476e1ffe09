namespace ChunkSync.Sql;

/// <summary>The columns of <c>cloudsync_payload_chunks</c> by number (behaviour D.1, then what D.5 and ChunkSync append), and its hidden
/// inputs in the order of the table-valued function's arguments.</summary>
internal static class ChunkColumns
{
    public const int Payload = 0;
    public const int ChunkIndex = 1;
    public const int PayloadSize = 2;
    public const int Rows = 3;
    public const int DbVersionMin = 4;
    public const int DbVersionMax = 5;
    public const int Watermark = 6;
    public const int NextDbVersion = 11;
    public const int NextSeq = 12;
    public const int NextFragOffset = 13;
    public const int IsFinal = 14;
    public const int WindowCapped = 18;
    public const int WindowBytes = 19;

    public const int InputSince = 0;
    public const int InputSite = 1;
    public const int InputUntil = 2;
    public const int InputExclude = 3;
    public const int InputResumeDbVersion = 4;
    public const int InputResumeSeq = 5;
    public const int InputResumeOffset = 6;
    public const int InputMaxWindowBytes = 7;
    public const int InputResumeWindowBytes = 8;
    public const int InputMaxChunkSize = 9;

    /// <summary>The number of hidden inputs.</summary>
    public const int InputCount = 10;

    /// <summary>The column number of each input.</summary>
    public static ReadOnlySpan<int> InputColumns => [7, 8, 9, 10, 15, 16, 17, 20, 21, 22];

    /// <summary>The CREATE TABLE text.</summary>
    public const string Declaration =
        "CREATE TABLE x(payload BLOB, chunk_index INTEGER, payload_size INTEGER, rows INTEGER, db_version_min INTEGER,"
        + " db_version_max INTEGER, watermark_db_version INTEGER, since_db_version HIDDEN, site_id HIDDEN, until_db_version HIDDEN,"
        + " exclude_filter_site_id HIDDEN, next_db_version INTEGER, next_seq INTEGER, next_frag_offset INTEGER, is_final INTEGER,"
        + " resume_db_version HIDDEN, resume_seq HIDDEN, resume_frag_offset HIDDEN, window_capped INTEGER, window_bytes INTEGER,"
        + " max_window_bytes HIDDEN, resume_window_bytes HIDDEN, max_chunk_size HIDDEN)";
}
