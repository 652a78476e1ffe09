namespace ChunkSync.Backfill;

/// <summary>An index as <c>pragma_index_list</c> and the schema show it.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Origin">c, u or pk.</param>
/// <param name="IsPartial">Whether it has a WHERE.</param>
/// <param name="Sql">Its text; empty for an autoindex.</param>
internal sealed record IndexFacts(string Name, string Origin, bool IsPartial, string Sql);
