namespace ChunkSync.Chunks;

/// <summary>A place in the stream, to users a cursor (see ARCHITECTURE, "The cursor"): the position (db_version, seq) and a byte offset inside it. The
/// rows at a position count with their encoded sizes, a fragmented row in progress with the bytes of its value that are sent.</summary>
internal readonly record struct ResumePoint(long DbVersion, long Seq, long Offset);
