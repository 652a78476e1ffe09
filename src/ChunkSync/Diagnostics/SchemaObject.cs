namespace ChunkSync.Diagnostics;

/// <summary>A row of <c>sqlite_master</c>.</summary>
internal sealed record SchemaObject(string Type, string Name, string Table, string Sql);
