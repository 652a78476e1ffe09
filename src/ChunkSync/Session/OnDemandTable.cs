using ChunkSync.Sqlite;

namespace ChunkSync.Session;

/// <summary>A table that its owner makes at its first use, on one connection: whether it is there is asked each time, because a rollback, or
/// another connection, takes it away again.</summary>
internal sealed class OnDemandTable
{
    private readonly Connection connection;
    private readonly MetadataTable table;
    private readonly Statement exists;

    public OnDemandTable(Connection connection, MetadataTable table)
    {
        this.connection = connection;
        this.table = table;
        exists = connection.Prepare($"SELECT 1 FROM main.sqlite_master WHERE type = 'table' AND name = '{table.Name}' COLLATE NOCASE");
    }

    /// <summary>True when the table is there.</summary>
    public bool Exists
    {
        get
        {
            bool found = exists.Step();
            exists.Reset();
            return found;
        }
    }

    /// <summary>Makes the table where it is missing.</summary>
    public void Create() => connection.Execute(table.CreateSql);
}
