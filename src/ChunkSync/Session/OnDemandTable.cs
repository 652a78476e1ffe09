using ChunkSync.Sqlite;

namespace ChunkSync.Session;

/// <summary>A table that its owner makes at its first use, on one connection: whether it is there is asked each time, because a rollback, or
/// another connection, takes it away again.</summary>
internal sealed class OnDemandTable
{
    private readonly Connection connection;
    private readonly MetadataTable table;

    public OnDemandTable(Connection connection, MetadataTable table)
    {
        this.connection = connection;
        this.table = table;
    }

    /// <summary>True when the table is there.</summary>
    public bool Exists => connection.HasTable(table.Name);

    /// <summary>Makes the table where it is missing.</summary>
    public void Create() => connection.Execute(table.CreateSql);
}
