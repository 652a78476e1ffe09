namespace ChunkSync.Session;

/// <summary>A database file in a state that is committed: connections of one process that see equal ones have the same tables under the same
/// numbers.</summary>
/// <param name="Path">The path as SQLite has it.</param>
/// <param name="Site">The local site's id: another file at that path has another one, but for a copy.</param>
/// <param name="SchemaVersion">Its <c>PRAGMA schema_version</c>.</param>
internal readonly record struct CommittedFile(string Path, Guid Site, long SchemaVersion);
