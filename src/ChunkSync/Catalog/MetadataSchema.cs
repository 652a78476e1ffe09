using ChunkSync.Format;
using ChunkSync.Session;
using ChunkSync.Sqlite;

namespace ChunkSync.Catalog;

/// <summary>The tables that the engine keeps in a database besides clocks (behaviour E.3); those who read them bring their definitions.</summary>
/// <param name="session">The connection.</param>
/// <param name="tables">All of them, in the order in which they are created.</param>
internal sealed class MetadataSchema(SyncSession session, IReadOnlyList<MetadataTable> tables)
{
    private readonly MetadataTable[] always = [.. tables.Where(table => !table.IsOnDemand)];
    private readonly MetadataTable[] onDemand = [.. tables.Where(table => table.IsOnDemand)];

    /// <summary>Whether all tables that every synchronised database has are there.</summary>
    public bool IsComplete()
    {
        string names = string.Join(", ", always.Select(table => Connection.Literal(table.Name)));
        return session.Connection.Integer($"SELECT count(*) FROM main.sqlite_master WHERE type = 'table' AND name IN ({names})") == always.Length;
    }

    /// <summary>Whether a table is one of those that a synchronised database may have.</summary>
    public bool Has(string table) => tables.Any(own => own.Name.Equals(table, StringComparison.OrdinalIgnoreCase));

    /// <summary>Creates what is missing; the local site and the settings of a new database too.</summary>
    public void Create()
    {
        Connection connection = session.Connection;
        long schemaVersion = connection.Integer("PRAGMA main.schema_version");
        CreateTables();
        session.Sites.Forget();
        if (session.Sites.HasLocal)
        {
            return;
        }

        // Another implementation that dropped the internal tables left them: they are about a replica that no longer exists.
        Drop(onDemand);
        session.Sites.CreateLocal();
        session.Settings.Set(Settings.Version, ProductInfo.CompatibilityVersion);
        session.Settings.Set(Settings.SchemaVersion, schemaVersion);
    }

    /// <summary>Creates the tables that every synchronised database has, where they are missing.</summary>
    public void CreateTables()
    {
        foreach (MetadataTable table in always)
        {
            session.Connection.Execute(table.CreateSql);
        }
    }

    /// <summary>Drops all of them.</summary>
    public void Drop() => Drop(tables);

    private void Drop(IEnumerable<MetadataTable> dropped)
    {
        foreach (MetadataTable table in dropped)
        {
            session.Connection.Execute(table.DropSql);
        }
    }
}
