namespace ChunkSync.Tool;

/// <summary>A value that is longer than a chunk.</summary>
/// <param name="Tbl">Its table.</param>
/// <param name="ColName">Its column.</param>
/// <param name="Chunk">The index of its first chunk.</param>
/// <param name="Bytes">The bytes of its chunks.</param>
/// <param name="Parts">Its chunks.</param>
internal sealed record ReportValue(string Tbl, string ColName, long Chunk, long Bytes, long Parts);
