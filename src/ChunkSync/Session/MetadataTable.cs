namespace ChunkSync.Session;

/// <summary>A table that the engine keeps in a database. Its definition stands with the code that reads it; the composition root hands all of
/// them to the catalog.</summary>
/// <param name="Name">The name.</param>
/// <param name="Definition">What is behind the name in its CREATE TABLE.</param>
/// <param name="IsOnDemand">Whether the owner makes it at its first use; else every synchronised database has it.</param>
internal sealed record MetadataTable(string Name, string Definition, bool IsOnDemand = false)
{
    /// <summary>Creates the table where it is missing.</summary>
    public string CreateSql => $"CREATE TABLE IF NOT EXISTS main.{Name} {Definition}";

    /// <summary>Drops the table where it is there.</summary>
    public string DropSql => "DROP TABLE IF EXISTS main." + Name;
}
