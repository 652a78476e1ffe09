using ChunkSync.Sqlite;

namespace ChunkSync.Changes;

/// <summary>Steps a statement that reads a base row and returns SQLite's code.</summary>
internal delegate int RowStep(Statement statement);
